import {
  BadRequestException,
  Controller,
  Get,
  Header,
  Inject,
  NotFoundException,
  Param,
  Query,
  StreamableFile,
  UseGuards,
} from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger'
import { createReadStream } from 'node:fs'
import type { ArtifactStore } from '@cairn/kernel/runtime'
import { AuthGuard, Needs } from './auth.guard.ts'
import { ENVIRONMENT, STORE } from './injected.ts'
import { Parse, PipelineName } from './schemas.ts'

/** The parts of a pipeline's folder that are shown: names of the layout, and what may stand below each. */
const SHOWN = /^(objects|condemned|code|checkpoints|runs|refs)(\/[\w.@+-]+)*\/?$/

/**
 * Records and objects as they lie in the store, to be read: the command line shows with them what it shows of a local
 * store. Nothing can be written here.
 */
@ApiTags('records')
@ApiBearerAuth()
@Controller('v1/pipelines/:pipeline/store')
@UseGuards(AuthGuard)
export class RecordsController {
  readonly #store: ArtifactStore
  readonly #env: string

  constructor(@Inject(STORE) store: ArtifactStore, @Inject(ENVIRONMENT) env: string) {
    this.#store = store
    this.#env = env
  }

  @Get('record')
  @Needs('read')
  @Header('content-type', 'application/octet-stream')
  @ApiOperation({ summary: "A record's bytes, by its path in the pipeline's folder." })
  async record(
    @Param('pipeline', new Parse(PipelineName)) pipeline: string,
    @Query('path') path: string,
  ): Promise<StreamableFile> {
    const bytes = await this.#store.read(this.#at(pipeline, path))
    if (!bytes) throw new NotFoundException('there is no such record')
    return new StreamableFile(bytes)
  }

  @Get('children')
  @Needs('read')
  @ApiOperation({ summary: 'The names directly in a folder.' })
  async children(
    @Param('pipeline', new Parse(PipelineName)) pipeline: string,
    @Query('path') path: string,
  ): Promise<object> {
    return { names: await this.#store.children(this.#at(pipeline, path)) }
  }

  @Get('object')
  @Needs('read')
  @Header('content-type', 'application/octet-stream')
  @ApiOperation({ summary: "An object's bytes." })
  async object(
    @Param('pipeline', new Parse(PipelineName)) pipeline: string,
    @Query('path') path: string,
  ): Promise<StreamableFile> {
    const file = await this.#store.fetch(this.#at(pipeline, path))
    if (file === undefined) throw new NotFoundException('there is no such object')
    return new StreamableFile(createReadStream(file))
  }

  /** A path of the layout, inside the pipeline that the caller may read: never one that leads elsewhere. */
  #at(pipeline: string, path: unknown): string {
    if (typeof path !== 'string' || !SHOWN.test(path) || path.split('/').includes('..'))
      throw new BadRequestException('path is none of objects/…, code/…, checkpoints/…, runs/…, refs/…')
    return `${this.#env}/${pipeline}/${path}`
  }
}
