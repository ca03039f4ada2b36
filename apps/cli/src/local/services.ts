import { hash } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { freePorts } from '@cairn/drivers/free-ports'
import { stepsOf, type LoadedPipeline, type Workspace } from '@cairn/workspace'
import type { App, AppProgram, Programs } from './programs.ts'
import { CONTROL, processOf, readJson, type Service, type Stack } from './stack.ts'

type Env = Readonly<Record<string, string>>

/**
 * One process for control, and one for each step of each pipeline. Each keeps its previous port if possible.
 */
export async function servicesOf(
  { apps }: Programs,
  workspace: Workspace,
  pipelines: readonly LoadedPipeline[],
  stack: Stack,
  earlier: readonly Service[],
): Promise<Service[]> {
  const wanted: { readonly name: string; readonly app: App; readonly env: Env }[] = [
    { name: 'control', app: 'control', env: controlEnv(stack) },
    ...pipelines.flatMap((loaded) => stagesOf(workspace, loaded, stack)),
  ]
  const { running } = stack
  const before = new Map(
    earlier.flatMap(({ name, url }) => (URL.canParse(url) ? [[name, Number(new URL(url).port)]] : [])),
  )
  // The port is not free because the service itself uses it.
  const own = (name: string) => (processOf(running, name) === undefined ? undefined : before.get(name))
  const free = await freePorts(wanted.map(({ name }) => (own(name) === undefined ? before.get(name) : undefined)))
  const connection = readJson(stack.connectionFile)
  return wanted.map(({ name, app, env: more }, index) => {
    const port = String(own(name) ?? free[index])
    const program = process.execPath
    const args = [`--title=cairn ${name}`, apps[app].main]
    const env = {
      CAIRN_CONNECTION: stack.connectionFile,
      CAIRN_ROOT: workspace.project.root,
      HOST: '127.0.0.1',
      PORT: port,
      ...tracking(name, apps[app]),
      ...more,
    }
    const built = apps[app].build
    const version = versionOf({ program, args, env, connection, built })
    const of = { version, connection: versionOf(connection), built: versionOf(built) }
    return { name, program, args, env, url: `http://127.0.0.1:${port}`, probe: 'http', ...of }
  })
}

export function versionOf(all: unknown): string {
  return hash('sha256', JSON.stringify(all)).slice(0, 16)
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

/** A secret that a step declares, and that is given neither by the environment nor by the project's file. */
export interface MissingSecret {
  readonly service: string
  readonly secret: string
}

export function missingSecretsOf({ secret }: Workspace, pipelines: readonly LoadedPipeline[]): MissingSecret[] {
  return pipelines.flatMap(({ pipeline }) =>
    [...stepsOf(pipeline)].flatMap(([step, { definition }]) =>
      (definition.secrets ?? [])
        .filter((name: string) => secret(name) === undefined)
        .map((name: string) => ({ service: `${pipeline.name}/${step}`, secret: name })),
    ),
  )
}

/** Loads tracking into a service, if a collector is configured. */
function tracking(name: string, app: AppProgram): Env {
  if (process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] === undefined) return {}
  return {
    OTEL_SERVICE_NAME: `cairn-${name.replace('/', '-')}`,
    NODE_OPTIONS: `--import=${pathToFileURL(app.tracking).href}`,
  }
}
