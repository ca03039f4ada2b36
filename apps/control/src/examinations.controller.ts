import { Body, Controller, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import type { Checkup } from '@cairn/maintenance'
import type { z } from 'zod'
import { AuthGuard, Needs } from './auth.guard.ts'
import type { Examiner } from './examiner.ts'
import { EXAMINER } from './injected.ts'
import { ExaminationRequest, IN_PATH, Parse, PipelineName, schemaOf } from './schemas.ts'

@ApiTags('examinations')
@ApiBearerAuth()
@ApiParam(IN_PATH.pipeline)
@Controller('v1/pipelines/:pipeline/examinations')
@UseGuards(AuthGuard)
export class ExaminationsController {
  readonly #examiner: Examiner

  constructor(@Inject(EXAMINER) examiner: Examiner) {
    this.#examiner = examiner
  }

  @Post()
  @HttpCode(200)
  @Needs('collect')
  @ApiOperation({ summary: 'Checks a part of the records and objects of a pipeline, and returns where to continue.' })
  @ApiBody({ schema: schemaOf(ExaminationRequest) })
  examine(
    @Param('pipeline', new Parse(PipelineName)) pipeline: string,
    @Body(new Parse(ExaminationRequest)) request: z.output<typeof ExaminationRequest>,
  ): Promise<Checkup> {
    return this.#examiner.examine(pipeline, request)
  }
}
