import { Controller, Get, Inject, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger'
import { AuthGuard, Needs, Who } from './auth.guard.ts'
import { checkup, type Checked, type CheckupHost } from './checkup.ts'
import { CHECKUP } from './injected.ts'
import { SharedWork } from './shared-work.ts'
import type { Holder } from './tokens.ts'

@ApiTags('checkup')
@ApiBearerAuth()
@Controller('v1/checkup')
@UseGuards(AuthGuard)
export class CheckupController {
  readonly #host: CheckupHost
  readonly #checks = new SharedWork<readonly Checked[]>()

  constructor(@Inject(CHECKUP) host: CheckupHost) {
    this.#host = host
  }

  @Get()
  @Needs('read')
  @ApiOperation({
    summary:
      'The state of what the services of this environment depend on; topics and groups only of pipelines that the token may read.',
  })
  async look(@Who() who: Holder): Promise<object> {
    const checks = await this.#checks.do(who.id, () => checkup(this.#host, (pipeline) => who.may('read', pipeline)))
    return { env: this.#host.env, now: Date.now(), checks }
  }
}
