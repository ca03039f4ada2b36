import { Controller, Inject, Module, type DynamicModule } from '@nestjs/common'
import type { CairnEvent } from '@cairn/records'
import type { Engine } from '@cairn/engine'
import { HealthModule, type Health } from './health.module.ts'
import { OnEngineEvents } from './on-stage.ts'

const ENGINE = Symbol('engine')

/** Passes events from the bus to the engine of a stage. */
@Controller()
class StageController {
  readonly #engine: Engine

  constructor(@Inject(ENGINE) engine: Engine) {
    this.#engine = engine
  }

  @OnEngineEvents()
  handle(event: CairnEvent): Promise<void> {
    return this.#engine.handle(event)
  }
}

/** Options of `StageModule`. */
export interface StageModuleOptions {
  /** The engine that receives the events of the bus. */
  readonly engine: Engine
  /** The checks behind `GET /health/live` and `GET /health/ready`. */
  readonly health: Health
}

/** The module of a service that runs steps: the engine, and the health checks. */
@Module({})
export class StageModule {
  static forRoot({ engine, health }: StageModuleOptions): DynamicModule {
    return {
      module: StageModule,
      imports: [HealthModule.forRoot(health)],
      controllers: [StageController],
      providers: [{ provide: ENGINE, useValue: engine }],
    }
  }
}
