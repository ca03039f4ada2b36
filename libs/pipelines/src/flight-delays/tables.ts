import { metrics, model, table } from 'cairn/kinds'

export const Airports = table({
  code: 'string',
  name: 'string',
  state: 'string?',
  latitude: 'float64',
  longitude: 'float64',
})

export const Flights = table({
  /** The scheduled time of departure, in local time. */
  departure: 'timestamp',
  origin: 'string',
  destination: 'string',
  /** Miles. */
  distance: 'int16',
  /** In minutes; negative when early. */
  delay: 'int16',
  /** Whether the delay is more than 15 minutes. */
  late: 'bool',
})

/** The features of the model, in this order. */
export const FEATURES = [
  'minuteOfDay',
  'weekday',
  'distance',
  'originLate',
  'destinationLate',
  'routeLate',
  'originFlights',
  'routeFlights',
] as const

export const Features = table({
  departure: 'timestamp',
  late: 'bool',
  minuteOfDay: 'int16',
  /** 1 is Monday. */
  weekday: 'int8',
  /** Miles. */
  distance: 'int16',
  /** The share of late flights from the origin, to the destination and on the route, in the training months. */
  originLate: 'float32',
  destinationLate: 'float32',
  routeLate: 'float32',
  /** The number of flights. */
  originFlights: 'int32',
  routeFlights: 'int32',
})

/** The departures from each airport in the training months. */
export const AirportHistory = table({
  code: 'string',
  name: 'string',
  latitude: 'float64',
  longitude: 'float64',
  flights: 'int32',
  late: 'float64',
})

export const DelayModel = model({
  inputs: { features: `float32[*,8]` },
  outputs: { probability: 'float32[*]' },
})

export const Evaluation = metrics({
  /** The probability that a random late flight gets a higher prediction than a random flight on time. */
  auc: 'number',
  /** The mean log loss, in nats. */
  logLoss: 'number',
  /** The mean difference between the predicted and the actual share of late flights, over 20 groups of equal size. */
  calibrationError: 'number',
  lateShare: 'number',
  flights: 'integer',
})

export const RocCurve = table({ falsePositives: 'float64', truePositives: 'float64' })
/** Groups of flights: the mean predicted probability, the share of late flights and the number of flights. */
export const Groups = table({ group: 'int32', predicted: 'float64', actual: 'float64', rows: 'int32' })
