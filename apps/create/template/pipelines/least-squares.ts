export interface Line {
  readonly intercept: number
  readonly slope: number
}

/** The line with the smallest squared error through points. */
export function fitLine(points: readonly { readonly x: number; readonly y: number }[]): Line {
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const covariance = mean(points.map(({ x, y }) => (x - meanX) * (y - meanY)))
  const variance = mean(points.map(({ x }) => (x - meanX) ** 2))
  const slope = covariance / variance
  return { slope, intercept: meanY - slope * meanX }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
