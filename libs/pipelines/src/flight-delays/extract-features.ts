import { step } from 'cairn'
import { sql, type Query } from 'cairn/kinds'
import { z } from 'zod'
import { AirportHistory, Airports, Features, Flights } from './tables.ts'

const Params = z.object({
  testFrom: z.iso.date().describe('history is learned from flights before this day alone'),
  prior: z.number().min(0).default(100).describe('flights of average lateness that every share starts from'),
})

/**
 * Computes what is known about a flight before departure: its time, its distance, and the share of late flights on its
 * route and at its airports. The joined tables are small, so the flights keep their order.
 */
export const extractFeatures = step('extract-features', {
  inputs: { flights: Flights, airports: Airports },
  params: Params,
  outputs: { features: Features, history: AirportHistory },
  run: ({ flights, airports }, { testFrom, prior }) => {
    const past = sql`select * from ${flights} where departure < ${testFrom}::timestamp`
    const byOrigin = lateness(sql`select origin as place, late from ${past}`, prior)
    const byDestination = lateness(sql`select destination as place, late from ${past}`, prior)
    const byRoute = lateness(sql`select origin || '-' || destination as place, late from ${past}`, prior)
    return {
      features: sql`
        select f.departure, f.late,
          (hour(f.departure) * 60 + minute(f.departure))::smallint as "minuteOfDay",
          isodow(f.departure)::tinyint as weekday,
          f.distance,
          coalesce(o.share, 0.2)::float as "originLate",
          coalesce(d.share, 0.2)::float as "destinationLate",
          coalesce(r.share, o.share, d.share, 0.2)::float as "routeLate",
          coalesce(o.flights, 0)::int as "originFlights",
          coalesce(r.flights, 0)::int as "routeFlights"
        from ${flights} f
        left join ${byOrigin} o on o.place = f.origin
        left join ${byDestination} d on d.place = f.destination
        left join ${byRoute} r on r.place = f.origin || '-' || f.destination`,
      history: sql`
        select a.code, a.name, a.latitude, a.longitude, o.flights::int as flights, o.share as late
        from ${byOrigin} o join ${airports} a on a.code = o.place
        order by a.code`,
    }
  },
})

/** The share of late flights at each place, smoothed towards the average where flights are few. */
function lateness(flights: Query, prior: number): Query {
  return sql`
    select place, count(*) as flights,
      (sum(late::int) + ${prior} * (select avg(late::int) from ${flights})) / (count(*) + ${prior}) as share
    from ${flights}
    group by place`
}
