import { Controller, Get, Inject, Module, ServiceUnavailableException, type DynamicModule } from '@nestjs/common'

/** The health checks of a service. Each returns its findings by name: `ok`, or what is wrong. */
export interface Health {
  /** Whether this process itself works. Dependencies do not count, because a restart would not repair them. */
  live(): Promise<Readonly<Record<string, string>>>
  /** Whether the service can do its work now, including its dependencies. */
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
  async live(): Promise<Readonly<Record<string, string>>> {
    return verdict(await this.#health.live())
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

/** Serves `GET /health/live` and `GET /health/ready`. */
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
