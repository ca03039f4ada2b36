import { fromPackage } from 'cairn/connectors'
import { source } from 'cairn'
import { csv, file, sql } from 'cairn/kinds'
import { Airports } from './tables.ts'

/** Loads three million US flights of January to June 2001, and the locations of the airports. */
export const loadFlights = source('load-flights', {
  reads: {
    flights: fromPackage('vega-datasets', 'data/flights-3m.parquet'),
    airports: fromPackage('vega-datasets', 'data/airports.csv'),
  },
  outputs: { recorded: file('parquet'), airports: Airports },
  run: ({ flights, airports }) => ({
    recorded: flights.path,
    airports: sql`select iata as code, name, state, latitude, longitude from ${csv(airports)} order by code`,
  }),
})
