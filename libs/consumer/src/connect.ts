import { openConnection, readConnection, type Connection } from '@cairn/drivers/connection'
import { consumer, type ConsumeOptions, type Consumer } from './consumer.ts'
import { checkConsumeOptions } from './options.ts'

/**
 * Creates a consumer for the environment that the environment variables of the process specify (see `readConnection`).
 * Closing it also closes its connection.
 *
 * @example
 * const cairn = await connectConsumer({ group: 'notify', from: 'now' })
 * await cairn.subscribe(flightDelays, evaluate, async (done) => console.log(await done.outputs('metrics')))
 * process.once('SIGTERM', cairn.close)
 *
 * @throws CairnError BAD_DEFINITION for unknown or invalid options
 */
export async function connectConsumer(
  options: ConsumeOptions,
  connection: Connection = readConnection(),
): Promise<Consumer> {
  checkConsumeOptions(options, 'the consumer')
  const connected = await openConnection(connection, { clientId: options.group })
  const opened = consumer({ env: connection.env, ...connected }, options)
  return {
    ...opened,
    async close() {
      await opened.close()
      await connected.close()
    },
  }
}
