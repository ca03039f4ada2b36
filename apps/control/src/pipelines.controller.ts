import { Controller, Get, Inject, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger'
import { pipelineNames, type ArtifactStore } from '@cairn/records'
import { AuthGuard, Needs, Who } from './auth.guard.ts'
import { ENVIRONMENT, STORE } from './injected.ts'
import type { Holder } from './tokens.ts'

@ApiTags('pipelines')
@ApiBearerAuth()
@Controller('v1/pipelines')
@UseGuards(AuthGuard)
export class PipelinesController {
  readonly #store: ArtifactStore
  readonly #env: string

  constructor(@Inject(STORE) store: ArtifactStore, @Inject(ENVIRONMENT) env: string) {
    this.#store = store
    this.#env = env
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'The environment, and its pipelines with runs that the token may read.' })
  async list(@Who() who: Holder): Promise<object> {
    const pipelines = await pipelineNames(this.#store, this.#env)
    return { env: this.#env, pipelines: pipelines.filter((pipeline) => who.may('read', pipeline)) }
  }
}
