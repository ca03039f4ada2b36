import type { IncomingMessage } from 'node:http'
import {
  Body,
  Controller,
  createParamDecorator,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Sse,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common'
import { ApiBearerAuth, ApiBody, ApiHeader, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import type { z } from 'zod'
import { CairnError, type Json } from '@cairn/kernel'
import type { Observable } from 'rxjs'
import { AuthGuard, bearerOf, Needs } from './auth.guard.ts'
import type { Control } from './control.ts'
import type { Follower, SseMessage } from './follower.ts'
import { CONTROL, FOLLOWER, TOKENS } from './injected.ts'
import { ApiQueries, RunsQuery } from './runs-query.ts'
import {
  RerunRequest,
  IN_PATH,
  Parse,
  PipelineName,
  PlanRequest,
  RetryRequest,
  RunName,
  RunRequest,
  schemaOf,
} from './schemas.ts'
import type { Tokens } from './tokens.ts'

const Pipeline = () => Param('pipeline', new Parse(PipelineName))
const Run = () => Param('run', new Parse(RunName))
/** The key, at most one: Node would join several into one that nobody sent. */
const Key = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  const { headersDistinct } = context.switchToHttp().getRequest<{ raw: IncomingMessage }>().raw
  const [key, ...others] = headersDistinct['idempotency-key'] ?? []
  if (others.length === 0) return key
  throw new CairnError('BAD_PARAMETER', 'the header Idempotency-Key was sent more than once', {
    next: 'send one key with each request',
  })
})
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description: 'the same key always means the same run, however often it is sent',
}

@ApiTags('runs')
@ApiBearerAuth()
@ApiParam(IN_PATH.pipeline)
@Controller('v1/pipelines/:pipeline')
@UseGuards(AuthGuard)
export class RunsController {
  readonly #control: Control
  readonly #follower: Follower
  readonly #tokens: Tokens

  constructor(@Inject(CONTROL) control: Control, @Inject(FOLLOWER) follower: Follower, @Inject(TOKENS) tokens: Tokens) {
    this.#control = control
    this.#follower = follower
    this.#tokens = tokens
  }

  @Post('plan')
  @HttpCode(200)
  @Needs('read')
  @ApiOperation({ summary: 'Shows what a run would reuse or compute, why, and the expected time. Computes nothing.' })
  @ApiBody({ schema: schemaOf(PlanRequest) })
  async plan(
    @Pipeline() pipeline: string,
    @Body(new Parse(PlanRequest)) { item, ...request }: z.output<typeof PlanRequest>,
  ): Promise<object> {
    const { lines } = await this.#control.plan(pipeline, request as never, { item })
    return { pipeline, steps: lines }
  }

  @Post('runs')
  @HttpCode(202)
  @Needs('run')
  @ApiOperation({
    summary:
      'Starts a run, or queues it when the limit of concurrent runs is reached. The same Idempotency-Key always means the same run.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiBody({ schema: schemaOf(RunRequest) })
  start(
    @Pipeline() pipeline: string,
    @Body(new Parse(RunRequest)) request: z.output<typeof RunRequest>,
    @Key() key: string | undefined,
  ): Promise<object> {
    return this.#control.start(pipeline, request as never, key)
  }

  @Get('runs')
  @Needs('read')
  @ApiOperation({
    summary:
      'Lists runs, newest first, with the tasks that no host could run so far, and why runs were refused. If there is a `next`, older runs may follow: send it as `before`, even after a page with few runs or none.',
  })
  @ApiQueries(RunsQuery)
  list(@Pipeline() pipeline: string, @Query(new Parse(RunsQuery)) query: z.output<typeof RunsQuery>): Promise<object> {
    return this.#control.list(pipeline, query)
  }

  @ApiParam(IN_PATH.run)
  @Get('runs/:run')
  @Needs('read')
  @ApiOperation({
    summary:
      'A run: its plan, the record of each task that has ended, the tasks that no host could run so far and why, and its place while it waits in the queue.',
  })
  show(@Pipeline() pipeline: string, @Run() run: string): Promise<Json> {
    return this.#control.show(pipeline, run)
  }

  @ApiParam(IN_PATH.run)
  @Get('runs/:run/missing-stages')
  @Needs('read')
  @ApiOperation({
    summary: 'The steps that a run waits for and that have no running stage, as far as Kafka knows. Normally none.',
  })
  missingStages(@Pipeline() pipeline: string, @Run() run: string): Promise<object> {
    return this.#control.missingStages(pipeline, run)
  }

  @ApiParam(IN_PATH.run)
  @Post('runs/:run/cancel')
  @HttpCode(200)
  @Needs('cancel')
  @ApiOperation({ summary: 'Cancels a run, unless it has ended. Finished steps are kept.' })
  cancel(@Pipeline() pipeline: string, @Run() run: string): Promise<object> {
    return this.#control.cancel(pipeline, run)
  }

  @ApiParam(IN_PATH.run)
  @Post('runs/:run/retry')
  @HttpCode(202)
  @Needs('run')
  @ApiOperation({ summary: 'Starts a new run with the same parameters that reuses the finished steps of this one.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiBody({ schema: schemaOf(RetryRequest) })
  retry(
    @Pipeline() pipeline: string,
    @Run() run: string,
    @Body(new Parse(RetryRequest)) { from }: z.output<typeof RetryRequest>,
    @Key() key: string | undefined,
  ): Promise<object> {
    return this.#control.retry(pipeline, run, from, key)
  }

  @ApiParam(IN_PATH.run)
  @Post('runs/:run/rerun')
  @HttpCode(202)
  @Needs('run')
  @ApiOperation({ summary: 'Runs one step of this run again from the same inputs, to compare.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiBody({ schema: schemaOf(RerunRequest) })
  rerun(
    @Pipeline() pipeline: string,
    @Run() run: string,
    @Body(new Parse(RerunRequest)) { node }: z.output<typeof RerunRequest>,
    @Key() key: string | undefined,
  ): Promise<object> {
    return this.#control.rerun(pipeline, run, node, key)
  }

  @ApiParam(IN_PATH.run)
  @Sse('runs/:run/events')
  @Needs('read')
  @ApiOperation({
    summary:
      'Streams the past and new events of a run as server-sent events until it ends; while it waits in the queue, `queued` with its place.',
  })
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'the id of the last message received: the stream continues after it',
    schema: { type: 'string' },
  })
  async follow(
    @Pipeline() pipeline: string,
    @Run() run: string,
    @Headers('last-event-id') last: string | undefined,
    @Headers('authorization') authorization: string | undefined,
  ): Promise<Observable<SseMessage>> {
    const token = bearerOf(authorization) ?? ''
    const mayRead = () => this.#tokens.holder(token)?.may('read', pipeline) ?? false
    return this.#follower.follow(await this.#control.followed(pipeline, run), last, mayRead)
  }
}
