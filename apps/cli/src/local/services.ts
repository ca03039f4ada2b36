import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePorts } from '@cairn/drivers/free-ports'
import { stepsOf, type LoadedPipeline, type Workspace } from '@cairn/embedded'
import { distOf } from '../../bin/built.js'
import type { Service, Stack } from './stack.ts'
import { CONTROL } from './start.ts'

type App = 'control' | 'stage'
type Env = Readonly<Record<string, string>>

/** One process for control, and one for each step of each pipeline, each at the port that it had before if it can be. */
export async function servicesOf(
  workspace: Workspace,
  pipelines: readonly LoadedPipeline[],
  stack: Stack,
): Promise<Service[]> {
  const wanted: { readonly name: string; readonly app: App; readonly env: Env }[] = [
    { name: 'control', app: 'control', env: controlEnv(stack) },
    ...pipelines.flatMap((loaded) => stagesOf(workspace, loaded, stack)),
  ]
  const before = new Map(stack.services.map(({ name, url }) => [name, Number(new URL(url).port)]))
  const ports = await freePorts(wanted.map(({ name }) => before.get(name)))
  return wanted.map(({ name, app, env }, index) => ({
    name,
    main: join(distOf(app), 'main.js'),
    url: `http://127.0.0.1:${ports[index]}`,
    env: {
      CAIRN_CONNECTION: stack.connectionFile,
      CAIRN_ROOT: workspace.project.root,
      HOST: '127.0.0.1',
      PORT: String(ports[index]),
      ...tracking(name, app),
      ...env,
    },
  }))
}

function controlEnv(stack: Stack): Env {
  return { CAIRN_TOKENS: stack.tokensFile, CAIRN_IDENTITY: CONTROL, CAIRN_SIGNING_KEY: stack.signingKeyFile }
}

function stagesOf({ secret }: Workspace, { pipeline }: LoadedPipeline, stack: Stack) {
  return [...stepsOf(pipeline)].map(([step, { definition }]) => {
    const secrets = (definition.secrets ?? []).flatMap((name: string) => {
      const value = secret(name)
      return value === undefined ? [] : [[`CAIRN_SECRET_${name}`, value]]
    })
    const env = {
      CAIRN_PIPELINE: pipeline.name,
      CAIRN_STEP: step,
      CAIRN_PLANS_BY: stack.plansByFile,
      CAIRN_SCRATCH: join(stack.folder, 'scratch'),
      ...(Object.fromEntries(secrets) as Env),
    }
    return { name: `${pipeline.name}/${step}`, app: 'stage' as const, env }
  })
}

/** Loads tracking beside a service, where there is a collector to tell. */
function tracking(name: string, app: App): Env {
  if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined) return {}
  return {
    OTEL_SERVICE_NAME: `cairn-${name.replace('/', '-')}`,
    NODE_OPTIONS: `--import=${pathToFileURL(join(distOf(app), 'tracking.js')).href}`,
  }
}
