// node tools/servers/main.ts up|down|status|prepare --folder <folder>: Kafka and MinIO on this machine, without Docker.
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CairnError } from '@cairn/kernel'
import {
  prepareServers,
  runningServers,
  startServers,
  stopServers,
  type Endpoints,
  type ServerName,
} from './servers.ts'

const USAGE =
  'usage: main.ts up|down|status|prepare --folder <folder> [--kafka-port <port>] [--s3-port <port>] [--docker] [--json] [--running kafka] [--running minio]'

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      folder: { type: 'string' },
      'kafka-port': { type: 'string' },
      's3-port': { type: 'string' },
      docker: { type: 'boolean' },
      json: { type: 'boolean' },
      running: { type: 'string', multiple: true },
    },
  })
  const { folder, docker = false, json = false } = values
  if (folder === undefined || positionals.length !== 1) throw new CairnError('BAD_PARAMETER', USAGE)
  const show = (endpoints: Endpoints | undefined) => console.log(json ? asJson(endpoints) : asText(endpoints, folder))
  switch (positionals[0]) {
    case 'up': {
      const ports = { kafka: portOf(values['kafka-port']), s3: portOf(values['s3-port']) }
      show(await startServers({ folder, docker, detached: true, ports, log: console.error }))
      return 0
    }
    case 'down':
      await stopServers(folder)
      return 0
    // For a program that starts the servers itself and keeps them running. The output contains secrets.
    case 'prepare': {
      const running = (values.running ?? []) as ServerName[]
      console.log(JSON.stringify(await prepareServers({ folder, docker, log: console.error }, running)))
      return 0
    }
    case 'status': {
      const endpoints = runningServers(folder)
      show(endpoints)
      return endpoints ? 0 : 1
    }
    default:
      throw new CairnError('BAD_PARAMETER', USAGE)
  }
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new CairnError('BAD_PARAMETER', `"${text}" is not a port`, {
    next: 'give a number from 1 to 65535, or leave the option out',
  })
}

/** Without the secret key, which stays in its file. */
function asJson(endpoints: Endpoints | undefined): string {
  if (!endpoints) return JSON.stringify({ running: false })
  const { kafka, s3 } = endpoints
  return JSON.stringify({ running: true, kafka, s3: { endpoint: s3.endpoint, accessKey: s3.accessKey } })
}

function asText(endpoints: Endpoints | undefined, folder: string): string {
  if (!endpoints) return 'not running'
  return [
    `kafka        ${endpoints.kafka.brokers.join()}`,
    `s3           ${endpoints.s3.endpoint}`,
    `credentials  in ${join(folder, 'servers.json')}`,
  ].join('\n')
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof CairnError)) throw error
  console.error(`error  ${error.message}`)
  if (error.next) console.error(`next   ${error.next}`)
  process.exitCode = 1
}
