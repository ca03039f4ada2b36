import { metrics, model, table } from '@cairn/kinds'

export const Airports = table({
  code: 'string',
  name: 'string',
  state: 'string?',
  latitude: 'float64',
  longitude: 'float64',
})

export const Flights = table({
  /** Local time of departure, as planned. */
  departure: 'timestamp',
  origin: 'string',
  destination: 'string',
  /** Miles. */
  distance: 'int16',
  /** Minutes; negative when early. */
  delay: 'int16',
  /** More than 15 minutes. */
  late: 'bool',
})

/** What the model sees of a flight, in this order. */
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
  /** Share of late flights from this airport, to that airport and on this route, in the months that are learned from. */
  originLate: 'float32',
  destinationLate: 'float32',
  routeLate: 'float32',
  /** How many flights there were. */
  originFlights: 'int32',
  routeFlights: 'int32',
})

/** How departures from each airport went in the months that are learned from. */
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
  /** The chance that a late flight is given a higher probability than one on time. */
  auc: 'number',
  /** Mean, in nats. */
  logLoss: 'number',
  /** Mean distance between predicted and actual share of late flights, over 20 groups of equal size. */
  calibrationError: 'number',
  lateShare: 'number',
  flights: 'integer',
})

export const RocCurve = table({ falsePositives: 'float64', truePositives: 'float64' })
/** Flights in groups: mean of the predicted probability, share of late flights, number of flights. */
export const Groups = table({ group: 'int32', predicted: 'float64', actual: 'float64', rows: 'int32' })
