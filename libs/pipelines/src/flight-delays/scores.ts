/** Predictions and actual labels, one row per flight. */
export interface Scored {
  /** From 0 to 1. */
  readonly probability: Float32Array
  /** 0 or 1. */
  readonly label: Uint8Array
}
/** A group of rows: their mean prediction, and the share of label 1. */
export interface Group {
  readonly group: number
  readonly predicted: number
  readonly actual: number
  readonly rows: number
}
export interface RocPoint {
  readonly falsePositives: number
  readonly truePositives: number
}

/** The number of points with which a curve is drawn. */
const POINTS = 200

/** Returns the row numbers, highest probability first. */
export function ranked({ probability }: Scored): Uint32Array {
  return Uint32Array.from(probability, (_, row) => row).sort((a, b) => probability[b]! - probability[a]!)
}

/** The receiver operating characteristic and the area under it. Rows of equal probability form one sloped segment. */
export function rocOf({ probability, label }: Scored, order: Uint32Array): { auc: number; curve: RocPoint[] } {
  const positives = label.reduce((sum, one) => sum + one, 0)
  const negatives = label.length - positives
  if (positives === 0 || negatives === 0) throw new RangeError('there is only one label, so there is nothing to rank')
  const curve: RocPoint[] = [{ falsePositives: 0, truePositives: 0 }]
  let area = 0
  let [hits, alarms] = [0, 0]
  for (let from = 0; from < order.length;) {
    const [hitsBefore, alarmsBefore] = [hits, alarms]
    const threshold = probability[order[from]!]
    for (; from < order.length && probability[order[from]!] === threshold; from++)
      if (label[order[from]!] === 1) hits++
      else alarms++
    area += ((alarms - alarmsBefore) * (hits + hitsBefore)) / 2
    const point = { falsePositives: alarms / negatives, truePositives: hits / positives }
    const last = curve.at(-1)!
    const step = Math.max(point.falsePositives - last.falsePositives, point.truePositives - last.truePositives)
    if (step >= 1 / POINTS || from === order.length) curve.push(point)
  }
  return { auc: area / (positives * negatives), curve }
}

/** The mean log loss, in nats. Probabilities are clipped to 1e-7 from 0 and 1. */
export function logLoss({ probability, label }: Scored): number {
  let sum = 0
  for (let row = 0; row < label.length; row++) {
    const ofLabel = label[row] === 1 ? probability[row]! : 1 - probability[row]!
    sum -= Math.log(Math.min(Math.max(ofLabel, 1e-7), 1 - 1e-7))
  }
  return sum / label.length
}

/** Divides the rows into groups of equal size, by rising probability. */
export function calibrationOf(scored: Scored, order: Uint32Array, groups: number): Group[] {
  const places = new Uint32Array(order.length)
  order.forEach((row, place) => (places[row] = order.length - 1 - place))
  return grouped(scored, (row) => Math.floor((places[row]! * groups) / order.length))
}

/** The mean difference between predicted and actual shares, weighted by the rows of each group. */
export function calibrationError(groups: readonly Group[]): number {
  const rows = groups.reduce((sum, group) => sum + group.rows, 0)
  return groups.reduce((sum, group) => sum + group.rows * Math.abs(group.predicted - group.actual), 0) / rows
}

/** Groups rows by an integer that each row has. */
export function grouped({ probability, label }: Scored, groupOf: (row: number) => number): Group[] {
  const groups: { predicted: number; actual: number; rows: number }[] = []
  for (let row = 0; row < label.length; row++) {
    const group = (groups[groupOf(row)] ??= { predicted: 0, actual: 0, rows: 0 })
    group.predicted += probability[row]!
    group.actual += label[row]!
    group.rows++
  }
  return groups.flatMap(({ predicted, actual, rows }, group) => [
    { group, predicted: predicted / rows, actual: actual / rows, rows },
  ])
}
