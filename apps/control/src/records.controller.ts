import {
  Body,
  Controller,
  Get,
  Header,
  Inject,
  NotFoundException,
  Param,
  Put,
  Query,
  StreamableFile,
  UseGuards,
} from '@nestjs/common'
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ArtifactStore, StoredStat } from '@cairn/records'
import type { Adoption } from '@cairn/workspace'
import { receiveObject, receiveRecord } from './adoption.ts'
import { AuthGuard, Needs } from './auth.guard.ts'
import { ADOPTION, ENVIRONMENT, STORE } from './injected.ts'
import { IN_PATH, IN_QUERY, Parse, PipelineName, FilePath, FolderPath } from './schemas.ts'

const BYTES = 'application/octet-stream'
const Pipeline = () => Param('pipeline', new Parse(PipelineName))
const Path = () => Query('path', new Parse(FilePath))
/** The body as a stream; an empty one does not arrive as a stream. */
const Bytes = () => Body({ transform: (body: unknown) => (body instanceof Readable ? body : Readable.from([])) })
const Folder = () => Query('path', new Parse(FolderPath))

/**
 * Raw records and objects of the store, from which the command line shows the same as from a local store. Writes only
 * ever add, and need the right `adopt`.
 */
@ApiTags('records')
@ApiBearerAuth()
@ApiParam(IN_PATH.pipeline)
@Controller('v1/pipelines/:pipeline/store')
@UseGuards(AuthGuard)
export class RecordsController {
  readonly #store: ArtifactStore
  readonly #env: string

  readonly #adoption: () => Adoption

  constructor(
    @Inject(STORE) store: ArtifactStore,
    @Inject(ENVIRONMENT) env: string,
    @Inject(ADOPTION) adoption: () => Adoption,
  ) {
    this.#store = store
    this.#env = env
    this.#adoption = adoption
  }

  @Get('record')
  @ApiQuery(IN_QUERY.file)
  @Needs('read')
  @Header('content-type', BYTES)
  @ApiOperation({ summary: "A record's bytes, by its path in the pipeline's folder." })
  async record(@Pipeline() pipeline: string, @Path() path: string): Promise<StreamableFile> {
    const bytes = await this.#store.read(this.#at(pipeline, path))
    if (!bytes) throw new NotFoundException('there is no such record')
    return new StreamableFile(bytes)
  }

  @Get('children')
  @ApiQuery(IN_QUERY.folder)
  @Needs('read')
  @ApiOperation({ summary: 'The names in a folder.' })
  async children(@Pipeline() pipeline: string, @Folder() folder: string): Promise<object> {
    return { names: await this.#store.children(this.#at(pipeline, folder.replace(/\/?$/, '/'))) }
  }

  @Get('stat')
  @ApiQuery(IN_QUERY.file)
  @Needs('read')
  @ApiOperation({ summary: 'The size of a record or an object, and when it was written.' })
  async stat(@Pipeline() pipeline: string, @Path() path: string): Promise<StoredStat> {
    const found = await this.#store.stat(this.#at(pipeline, path))
    if (!found) throw new NotFoundException('there is no such record or object')
    return found
  }

  @Get('object')
  @ApiQuery(IN_QUERY.file)
  @Needs('read')
  @Header('content-type', BYTES)
  @ApiOperation({ summary: "An object's bytes." })
  async object(@Pipeline() pipeline: string, @Path() path: string): Promise<StreamableFile> {
    const file = await this.#store.fetch(this.#at(pipeline, path))
    if (file === undefined) throw new NotFoundException('there is no such object')
    const { size } = await stat(file)
    return new StreamableFile(createReadStream(file), { length: size })
  }

  @Put('record')
  @ApiQuery(IN_QUERY.file)
  @ApiConsumes(BYTES)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Needs('adopt')
  @ApiOperation({
    summary: 'Adds a checkpoint that was computed elsewhere, unless it already exists.',
  })
  async addRecord(
    @Pipeline() pipeline: string,
    @Path() path: string,
    @Bytes() body: Readable,
  ): Promise<{ created: boolean }> {
    const { trusted } = this.#adoption()
    return { created: await receiveRecord(this.#store, { env: this.#env, pipeline, trusted }, path, body) }
  }

  @Put('object')
  @ApiQuery(IN_QUERY.file)
  @ApiConsumes(BYTES)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @Needs('adopt')
  @ApiOperation({ summary: 'Stores an object. Its bytes must match the digest in its name.' })
  async addObject(@Pipeline() pipeline: string, @Path() path: string, @Bytes() body: Readable): Promise<object> {
    await receiveObject(this.#store, { env: this.#env, pipeline }, path, body)
    return {}
  }

  #at(pipeline: string, path: string): string {
    return `${this.#env}/${pipeline}/${path}`
  }
}
