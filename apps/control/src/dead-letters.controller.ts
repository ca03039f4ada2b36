import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger'
import type { z } from 'zod'
import { AuthGuard, Needs, Who } from './auth.guard.ts'
import type { DeadLetterBox } from './dead-letters.ts'
import { DEAD_LETTERS } from './injected.ts'
import {
  DeadLetterId,
  IN_PATH,
  IN_QUERY,
  LetterDecision,
  LetterQuery,
  Parse,
  PipelineName,
  schemaOf,
} from './schemas.ts'
import type { Holder } from './tokens.ts'

const Pipeline = () => Param('pipeline', new Parse(PipelineName))
const Id = () => Param('id', new Parse(DeadLetterId))
const Decision = () => Body(new Parse(LetterDecision))
type Decision = z.output<typeof LetterDecision>

@ApiTags('dead letters')
@ApiBearerAuth()
@Controller('v1')
@UseGuards(AuthGuard)
export class DeadLettersController {
  readonly #letters: DeadLetterBox

  constructor(@Inject(DEAD_LETTERS) letters: DeadLetterBox) {
    this.#letters = letters
  }

  @Get('dead-letters')
  @Needs('read')
  @ApiOperation({ summary: 'The number of waiting dead letters of each pipeline that the token may read.' })
  async counts(@Who() who: Holder): Promise<object> {
    return { waiting: await this.#letters.counts((pipeline) => who.may('read', pipeline)) }
  }

  @Get('pipelines/:pipeline/dead-letters')
  @ApiParam(IN_PATH.pipeline)
  @ApiQuery(IN_QUERY.limit)
  @ApiQuery(IN_QUERY.lettersAfter)
  @ApiQuery(IN_QUERY.lettersOfRun)
  @ApiQuery(IN_QUERY.allLetters)
  @Needs('read')
  @ApiOperation({ summary: 'Lists dead letters with their errors, newest first.' })
  list(
    @Pipeline() pipeline: string,
    @Query(new Parse(LetterQuery)) query: z.output<typeof LetterQuery>,
  ): Promise<object> {
    const { limit, all, after, run } = query
    return this.#letters.page(pipeline, { limit, all: all === 'true', after, run })
  }

  @Get('pipelines/:pipeline/dead-letters/:id')
  @ApiParam(IN_PATH.pipeline)
  @ApiParam(IN_PATH.deadLetter)
  @Needs('read')
  @ApiOperation({ summary: 'One dead letter with its full message; headers and value are base64.' })
  async show(@Pipeline() pipeline: string, @Id() id: string): Promise<object> {
    const { entry, whole } = await this.#letters.show(pipeline, id)
    const { headers, value } = whole.message
    return {
      ...entry,
      headers: Object.fromEntries(
        [...headers].map(([name, values]) => [name, values.map((one) => one.toString('base64'))]),
      ),
      value: value?.toString('base64') ?? null,
    }
  }

  @Post('pipelines/:pipeline/dead-letters/:id/replay')
  @ApiParam(IN_PATH.pipeline)
  @ApiParam(IN_PATH.deadLetter)
  @ApiBody({ schema: schemaOf(LetterDecision), required: false })
  @HttpCode(202)
  @Needs('replay')
  @ApiOperation({ summary: 'Delivers it again to the groups that gave it up, and to no others.' })
  async replay(@Pipeline() pipeline: string, @Id() id: string, @Decision() { group }: Decision): Promise<object> {
    return { id, groups: await this.#letters.replay(pipeline, id, group) }
  }

  @Post('pipelines/:pipeline/dead-letters/:id/drop')
  @ApiParam(IN_PATH.pipeline)
  @ApiParam(IN_PATH.deadLetter)
  @ApiBody({ schema: schemaOf(LetterDecision), required: false })
  @HttpCode(200)
  @Needs('replay')
  @ApiOperation({ summary: 'Marks it as dropped. It stays in the list of dropped dead letters.' })
  async drop(@Pipeline() pipeline: string, @Id() id: string, @Decision() { group }: Decision): Promise<object> {
    return { id, groups: await this.#letters.drop(pipeline, id, group) }
  }
}
