/** A process for the servers' tests that starts servers, reports that, and stays until it is killed. */
import { startServers } from './servers.ts'

await startServers({ folder: process.argv[2]!, detached: process.argv[3] === 'detached' })
process.send!('started')
