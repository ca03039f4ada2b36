// node infra/setup/main.ts <command>: sets up an environment on Docker Compose. See docs/compose.md.
import { parseArgs } from 'node:util'
import { readConnection } from '@cairn/drivers/connection'
import { findProject, loadPipeline } from '@cairn/workspace'
import { CairnError } from '@cairn/kernel'
import { contextOf, hostConnectionOf, writeSettings, type Setup } from './settings.ts'
import { prepareServices } from './services.ts'

const USAGE = `usage: main.ts settings|services|context|connection
  --pipeline <name> …  --consumer <name>=<pipeline> …`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pipeline: { type: 'string', multiple: true, default: [] },
      consumer: { type: 'string', multiple: true, default: [] },
    },
  })
  const project = findProject(import.meta.dirname)
  const load = async (name: string) => (await loadPipeline(project, name)).pipeline
  const setup: Setup = {
    env: process.env['CAIRN_ENV'] ?? project.env,
    isSecure: process.env['CAIRN_SECURE'] === 'true',
    ports: {
      control: process.env['CAIRN_CONTROL_PORT'] ?? '8090',
      kafka: process.env['CAIRN_KAFKA_PORT'] ?? '9092',
      s3: process.env['CAIRN_S3_PORT'] ?? '9000',
    },
    pipelines: await Promise.all(values.pipeline.map(load)),
    consumers: await Promise.all(
      values.consumer.map(async (text) => {
        const [name = '', pipeline = ''] = text.split('=')
        return { name, pipeline: await load(pipeline) }
      }),
    ),
  }
  switch (positionals[0]) {
    case 'settings':
      return writeSettings(setup)
    case 'services':
      return prepareServices(setup, readConnection(), console.error)
    case 'context':
      return print(contextOf(setup))
    case 'connection':
      return print(hostConnectionOf(setup))
    default:
      throw new CairnError('BAD_PARAMETER', USAGE)
  }
}

function print(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}

try {
  await main()
} catch (error) {
  if (!(error instanceof CairnError)) throw error
  console.error(`error  ${error.message}`)
  if (error.next) console.error(`next   ${error.next}`)
  process.exitCode = 1
}
