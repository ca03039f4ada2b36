export { CairnStrategy, type StrategyOptions } from './strategy.ts'
export { OnStage, type OnStageOptions } from './on-stage.ts'
export { StageModule, type StageModuleOptions } from './stage.module.ts'
export { HealthModule, type Health } from './health.module.ts'
