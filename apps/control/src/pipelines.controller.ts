import { Controller, Get, Inject, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger'
import type { ArtifactStore } from '@cairn/kernel/runtime'
import { AuthGuard, Needs } from './auth.guard.ts'
import { ENVIRONMENT, STORE } from './injected.ts'

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
  @ApiOperation({ summary: 'The environment, and the pipelines that have runs in it.' })
  async list(): Promise<object> {
    return { env: this.#env, pipelines: await this.#store.children(`${this.#env}/`) }
  }
}
