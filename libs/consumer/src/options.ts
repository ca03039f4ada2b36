import { checkOptions, takes, type Options } from '@cairn/kernel'
import type { StageEventType } from './stage-event.ts'

const TYPES = [
  'completed',
  'failed',
  'timed-out',
  'cancelled',
  'skipped',
  'blocked',
] as const satisfies readonly StageEventType[]

const CONSUME: Options = {
  group: takes.what('the name of a group, for example "notify"', (value) => typeof value === 'string' && value !== ''),
  from: takes.what("'beginning', 'now', or { time: <milliseconds since 1970> }", isStart),
  concurrency: takes.whole(1),
  deliveries: takes.whole(1),
  redeliverAfter: takes.whole(1),
  onPoison: takes.aFunction,
  seen: takes.what('a store of handled ids, for example seenIn(file)', (value) => hasMethods(value, ['has', 'add'])),
}
const ON: Options = {
  on: takes.what(TYPES.map((type) => `'${type}'`).join(', '), (value) => TYPES.includes(value as never)),
}

/**
 * Validates the options of a consumer.
 *
 * @throws CairnError BAD_DEFINITION that names the option and the expected value
 */
export function checkConsumeOptions(given: object, owner: string, more: Options = {}): void {
  checkOptions(given, { ...CONSUME, ...more }, owner)
}

/** Returns the consumer options among the options of a host, which may also contain connection settings. */
export function consumeOptionsIn(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(CONSUME, name)))
}

/**
 * Validates the options of one subscription.
 *
 * @throws CairnError BAD_DEFINITION that names the option and the expected value
 */
export function checkSubscriptionOptions(given: object, owner: string): void {
  checkConsumeOptions(given, owner, ON)
}

function isStart(value: unknown): boolean {
  if (value === 'beginning' || value === 'now') return true
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'time') return false
  return Number.isFinite((value as { readonly time: unknown }).time)
}

function hasMethods(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof (value as Readonly<Record<string, unknown>> | null)?.[name] === 'function')
}
