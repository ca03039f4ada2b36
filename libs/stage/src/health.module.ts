import { Controller, Get, Inject, Module, ServiceUnavailableException, type DynamicModule } from '@nestjs/common'

/** What the probes of a service ask. Each gives its findings by name, `ok` or what is wrong. */
export interface Health {
  /** Whether this process is well in itself: what is outside does not count, for a restart would not mend it. */
  live(): Readonly<Record<string, string>>
  /** Whether it can do its work now: what it depends on counts. */
  ready(): Promise<Readonly<Record<string, string>>>
}

const HEALTH = Symbol('health')

@Controller('health')
class HealthController {
  readonly #health: Health

  constructor(@Inject(HEALTH) health: Health) {
    this.#health = health
  }

  @Get('live')
  live(): Readonly<Record<string, string>> {
    return verdict(this.#health.live())
  }

  @Get('ready')
  async ready(): Promise<Readonly<Record<string, string>>> {
    return verdict(await this.#health.ready())
  }
}

function verdict(findings: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (Object.values(findings).every((finding) => finding === 'ok')) return findings
  throw new ServiceUnavailableException(findings)
}

/** `GET /health/live` and `GET /health/ready`. */
@Module({})
export class HealthModule {
  static forRoot(health: Health): DynamicModule {
    return {
      module: HealthModule,
      controllers: [HealthController],
      providers: [{ provide: HEALTH, useValue: health }],
    }
  }
}
