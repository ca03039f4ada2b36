import { Console } from 'node:console'
import { logs, metrics, trace } from '@opentelemetry/api'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { ChosenIds } from './chosen-ids.ts'
import { applyDefaults } from './otel-defaults.ts'

/** OpenTelemetry's SDK, set up by its own variables (OTEL_*) when this is first imported. */
applyDefaults(process.env)
globalThis.console = new Console(process.stderr) // the standard output is for what the program prints
export const ids = new ChosenIds()
const sdk = new NodeSDK({ idGenerator: ids })
sdk.start()

export const tracer = trace.getTracer('cairn')
export const meter = metrics.getMeter('cairn')
export const logger = logs.getLogger('cairn')

/** Exports what waits, and then nothing more. */
export const shutdown = (): Promise<void> => sdk.shutdown()
