import { step } from 'cairn'
import { file, parquet, sql } from 'cairn/kinds'
import { z } from 'zod'
import { Airports, Flights } from './tables.ts'

const Params = z.object({
  lateAfter: z.int().min(0).default(15).describe('minutes of delay from which a flight is not yet late'),
})

/** Removes flights with impossible delays or unknown airports. */
export const cleanFlights = step('clean-flights', {
  inputs: { recorded: file('parquet'), airports: Airports },
  params: Params,
  outputs: { flights: Flights },
  run: ({ recorded, airports }, { lateAfter }) => ({
    flights: sql`
      select date as departure, origin, destination, distance::smallint as distance, delay::smallint as delay,
        delay > ${lateAfter} as late
      from ${parquet(recorded)}
      where delay between -120 and 1440
        and date < timestamp '2001-07-01'
        and origin in (select code from ${airports})
        and destination in (select code from ${airports})`,
  }),
})
