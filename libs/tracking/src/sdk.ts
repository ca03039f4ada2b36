import { Console } from 'node:console'
import { logs, metrics, trace } from '@opentelemetry/api'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { ChosenIds } from './chosen-ids.ts'
import { applyDefaults } from './otel-defaults.ts'

/** The OpenTelemetry SDK. It is configured by its variables (OTEL_*) when this module is first imported. */
applyDefaults(process.env)
globalThis.console = new Console(process.stderr) // standard output belongs to the program
export const ids = new ChosenIds()
const sdk = new NodeSDK({ idGenerator: ids })
sdk.start()

export const tracer = trace.getTracer('cairn')
export const meter = metrics.getMeter('cairn')
export const logger = logs.getLogger('cairn')

/** Exports everything that is pending, then shuts the SDK down. */
export const shutdown = (): Promise<void> => sdk.shutdown()
