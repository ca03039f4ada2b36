import { Controller, Get, Inject, UseGuards } from '@nestjs/common'
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger'
import { AuthGuard, Needs } from './auth.guard.ts'
import { checkup, type CheckupHost } from './checkup.ts'
import { CHECKUP } from './injected.ts'

@ApiTags('checkup')
@ApiBearerAuth()
@Controller('v1/checkup')
@UseGuards(AuthGuard)
export class CheckupController {
  readonly #host: CheckupHost

  constructor(@Inject(CHECKUP) host: CheckupHost) {
    this.#host = host
  }

  @Get()
  @Needs('read')
  @ApiOperation({ summary: 'What the services of this environment stand on, and how it is.' })
  async look(): Promise<object> {
    return { env: this.#host.env, now: Date.now(), checks: await checkup(this.#host) }
  }
}
