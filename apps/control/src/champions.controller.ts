import { Body, Controller, Get, HttpCode, Inject, Param, Post, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger'
import type { z } from 'zod'
import type { Champion } from '@cairn/records'
import { AuthGuard, Needs, Who } from './auth.guard.ts'
import type { Champions } from './champions.ts'
import { CHAMPIONS } from './injected.ts'
import type { Holder } from './tokens.ts'
import { IN_PATH, Parse, PipelineName, PromotionRequest, RollBackRequest, schemaOf } from './schemas.ts'

const Pipeline = () => Param('pipeline', new Parse(PipelineName))

@ApiTags('production')
@ApiBearerAuth()
@ApiParam(IN_PATH.pipeline)
@Controller('v1/pipelines/:pipeline/production')
@UseGuards(AuthGuard)
export class ChampionsController {
  readonly #champions: Champions

  constructor(@Inject(CHAMPIONS) champions: Champions) {
    this.#champions = champions
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'The production run, the rules for promotion, and whether this token may promote.' })
  async show(@Pipeline() pipeline: string, @Who() who: Holder): Promise<object> {
    return { ...(await this.#champions.show(pipeline)), mayPromote: who.may('promote', pipeline), you: who.name }
  }

  @Post()
  @HttpCode(200)
  @Needs('promote')
  @ApiOperation({ summary: 'Puts a completed run into production, if the current production run is the expected one.' })
  @ApiBody({ schema: schemaOf(PromotionRequest) })
  promote(
    @Pipeline() pipeline: string,
    @Body(new Parse(PromotionRequest)) request: z.output<typeof PromotionRequest>,
    @Who() { name }: Holder,
  ): Promise<Champion> {
    return this.#champions.promote(pipeline, request, name)
  }

  @Post('rollback')
  @HttpCode(200)
  @Needs('promote')
  @ApiOperation({ summary: 'Restores the previous production run.' })
  @ApiBody({ schema: schemaOf(RollBackRequest) })
  rollBack(
    @Pipeline() pipeline: string,
    @Body(new Parse(RollBackRequest)) { expected }: z.output<typeof RollBackRequest>,
    @Who() { name }: Holder,
  ): Promise<Champion> {
    return this.#champions.rollBack(pipeline, expected, name)
  }
}
