import { seeded } from '../faults/random.fixture.ts'

/** The same throws for the same seed. */
export interface Dice {
  /** In [0, 1). */
  readonly random: () => number
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
