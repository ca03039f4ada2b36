/**
 * Returns a generator of numbers in [0, 1), which are the same for the same seed:
 * https://en.wikipedia.org/wiki/Linear_congruential_generator
 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  const next = () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32
  for (let warmUp = 0; warmUp < 10; warmUp++) next()
  return next
}

export function shuffled<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
