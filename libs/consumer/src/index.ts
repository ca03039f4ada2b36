export {
  consumer,
  groupOf,
  type Consumer,
  type ConsumeOptions,
  type ConsumerHost,
  type Promotion,
  type SubscriptionOptions,
} from './consumer.ts'
export { checkConsumeOptions, consumeOptionsIn } from './options.ts'
export type { StageEvent, StageEventType } from './stage-event.ts'
export { seenIn, type Seen } from './seen.ts'
export { asyncApi, type EventsDocument } from './async-api.ts'
export { breaksIn } from './compatibility.ts'
