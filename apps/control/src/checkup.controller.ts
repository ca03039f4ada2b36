import { Controller, Get, Inject, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger'
import { AuthGuard, Needs } from './auth.guard.ts'
import { checkup, type Checked, type CheckupHost } from './checkup.ts'
import { CHECKUP } from './injected.ts'
import { SharedWork } from './shared-work.ts'

@ApiTags('checkup')
@ApiBearerAuth()
@Controller('v1/checkup')
@UseGuards(AuthGuard)
export class CheckupController {
  readonly #host: CheckupHost
  readonly #looks = new SharedWork<readonly Checked[]>()

  constructor(@Inject(CHECKUP) host: CheckupHost) {
    this.#host = host
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'What the services of this environment stand on, and how it is.' })
  async look(): Promise<object> {
    const checks = await this.#looks.do('', () => checkup(this.#host))
    return { env: this.#host.env, now: Date.now(), checks }
  }
}
