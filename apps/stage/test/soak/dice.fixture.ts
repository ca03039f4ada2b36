import { seeded } from '../faults/random.fixture.ts'

/** Random choices, which are the same for the same seed. */
export interface Dice {
  /** Returns a number in [0, 1). */
  readonly random: () => number
  /** Returns a number in [low, high). */
  readonly between: (low: number, high: number) => number
  readonly oneOf: <Item>(items: readonly Item[]) => Item
}

export function dice(seed: number): Dice {
  const random = seeded(seed)
  return {
    random,
    between: (low, high) => low + random() * (high - low),
    oneOf: (items) => items[Math.floor(random() * items.length)]!,
  }
}
