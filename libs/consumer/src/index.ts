export { consumer, type Consumer, type ConsumeOptions, type ConsumerHost } from './consumer.ts'
export type { StageEvent, StageEventType } from './stage-event.ts'
export { asyncApi, contractOf, type Contract } from './contract.ts'
export { breaksIn } from './compatibility.ts'
