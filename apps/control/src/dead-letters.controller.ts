import { Controller, Get, HttpCode, Inject, Param, Post, Query, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger'
import { AuthGuard, Needs } from './auth.guard.ts'
import type { Control } from './control.ts'
import { CONTROL } from './injected.ts'
import { DeadLetterId, IN_PATH, IN_QUERY, limitOf, Parse, PipelineName } from './schemas.ts'

const Pipeline = () => Param('pipeline', new Parse(PipelineName))

@ApiTags('dead letters')
@ApiBearerAuth()
@ApiParam(IN_PATH.pipeline)
@Controller('v1/pipelines/:pipeline/dead-letters')
@UseGuards(AuthGuard)
export class DeadLettersController {
  readonly #control: Control

  constructor(@Inject(CONTROL) control: Control) {
    this.#control = control
  }

  @Get()
  @ApiQuery(IN_QUERY.limit)
  @Needs('read')
  @ApiOperation({ summary: 'Events that a group gave up on, the newest first, and what was wrong.' })
  async list(@Pipeline() pipeline: string, @Query('limit') limit = '20'): Promise<object> {
    return { letters: await this.#control.deadLetters(pipeline, limitOf(limit)) }
  }

  @Post(':id/replay')
  @ApiParam(IN_PATH.deadLetter)
  @HttpCode(202)
  @Needs('replay')
  @ApiOperation({ summary: 'Tells its event once more. Who has handled it drops it as a duplicate.' })
  async replay(@Pipeline() pipeline: string, @Param('id', new Parse(DeadLetterId)) id: string): Promise<object> {
    await this.#control.replay(pipeline, id)
    return { id }
  }
}
