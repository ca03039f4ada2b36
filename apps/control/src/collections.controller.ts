import { Body, Controller, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import type { z } from 'zod'
import { AuthGuard, Needs } from './auth.guard.ts'
import type { Collection, Collector } from './collector.ts'
import { COLLECTOR } from './injected.ts'
import { CollectionRequest, IN_PATH, Parse, PipelineName, schemaOf } from './schemas.ts'

@ApiTags('collections')
@ApiBearerAuth()
@ApiParam(IN_PATH.pipeline)
@Controller('v1/pipelines/:pipeline/collections')
@UseGuards(AuthGuard)
export class CollectionsController {
  readonly #collector: Collector

  constructor(@Inject(COLLECTOR) collector: Collector) {
    this.#collector = collector
  }

  @Post()
  @HttpCode(200)
  @Needs('collect')
  @ApiOperation({
    summary:
      'Removes old runs and unreferenced data by the retention of the project; with `dryRun`, only reports them.',
  })
  @ApiBody({ schema: schemaOf(CollectionRequest) })
  collect(
    @Param('pipeline', new Parse(PipelineName)) pipeline: string,
    @Body(new Parse(CollectionRequest)) { dryRun }: z.output<typeof CollectionRequest>,
  ): Promise<Collection> {
    return this.#collector.collect(pipeline, { dryRun })
  }
}
