import { Module, type DynamicModule } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import { HealthModule, type Health } from '@cairn/stage'
import type { Adoption } from '@cairn/workspace'
import type { Champions } from './champions.ts'
import { ChampionsController } from './champions.controller.ts'
import { CollectionsController } from './collections.controller.ts'
import type { Collector } from './collector.ts'
import { CheckupController } from './checkup.controller.ts'
import type { CheckupHost } from './checkup.ts'
import type { Control } from './control.ts'
import { Errors, type AllowedMethods } from './errors.filter.ts'
import { DeadLettersController } from './dead-letters.controller.ts'
import type { DeadLetterBox } from './dead-letters.ts'
import { ExaminationsController } from './examinations.controller.ts'
import type { Examiner } from './examiner.ts'
import type { Follower } from './follower.ts'
import type { KnownPipelines } from './known-pipelines.ts'
import {
  ADOPTION,
  ALLOWED_METHODS,
  CHAMPIONS,
  CHECKUP,
  COLLECTOR,
  CONTROL,
  DEAD_LETTERS,
  ENVIRONMENT,
  EXAMINER,
  FOLLOWER,
  PIPELINES,
  STORE,
  TOKENS,
} from './injected.ts'
import { PipelinesController } from './pipelines.controller.ts'
import { RecordsController } from './records.controller.ts'
import { RunsController } from './runs.controller.ts'
import type { Tokens } from './tokens.ts'

export interface ControlModuleOptions {
  readonly control: Control
  readonly champions: Champions
  /** What may be adopted, by the current project settings. */
  readonly adoption: () => Adoption
  readonly follower: Follower
  readonly deadLetters: DeadLetterBox
  readonly tokens: Tokens
  readonly checkup: CheckupHost
  readonly collector: Collector
  readonly examiner: Examiner
  readonly health: Health
  readonly pipelines: KnownPipelines
  readonly allowedMethods: AllowedMethods
}

@Module({})
export class ControlModule {
  static forRoot({
    control,
    champions,
    adoption,
    follower,
    deadLetters,
    tokens,
    checkup,
    collector,
    examiner,
    health,
    pipelines,
    allowedMethods,
  }: ControlModuleOptions): DynamicModule {
    const { store, env } = control.host
    return {
      module: ControlModule,
      imports: [HealthModule.forRoot(health)],
      controllers: [
        CheckupController,
        PipelinesController,
        RunsController,
        ChampionsController,
        DeadLettersController,
        RecordsController,
        CollectionsController,
        ExaminationsController,
      ],
      providers: [
        { provide: CONTROL, useValue: control },
        { provide: CHAMPIONS, useValue: champions },
        { provide: ADOPTION, useValue: adoption },
        { provide: FOLLOWER, useValue: follower },
        { provide: DEAD_LETTERS, useValue: deadLetters },
        { provide: TOKENS, useValue: tokens },
        { provide: CHECKUP, useValue: checkup },
        { provide: COLLECTOR, useValue: collector },
        { provide: EXAMINER, useValue: examiner },
        { provide: STORE, useValue: store },
        { provide: ENVIRONMENT, useValue: env },
        { provide: PIPELINES, useValue: pipelines },
        { provide: ALLOWED_METHODS, useValue: allowedMethods },
        { provide: APP_FILTER, useClass: Errors },
      ],
    }
  }
}
