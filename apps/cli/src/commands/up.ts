import { isDeepStrictEqual } from 'node:util'
import { allPipelines, loadPipeline, refuseMisuses } from '@cairn/embedded'
import { probe } from '../local/health.ts'
import { servicesOf } from '../local/services.ts'
import { Stack, type Service } from '../local/stack.ts'
import { startServers, startServices, stopServices, writeContext, writeKeys } from '../local/start.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { statusText } from '../local/status.ts'
import { printData, printLines, printNotes } from '../terminal/print.ts'

/** `cairn up`: Kafka, MinIO, control, and a process for each step, all on the loopback address of this machine. */
export default async function up(
  names: readonly string[],
  { docker = false }: { docker?: boolean },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const { project } = workspace
  const stack = new Stack(project.root)
  const tell = (line: string) => printNotes(line)
  const before = stack.services
  const isRunning = stack.isKept && (await Promise.all(before.map(probe))).every(({ state }) => state === 'ready')
  const pipelines =
    names.length === 0
      ? await allPipelines(project)
      : await Promise.all(names.map((name) => loadPipeline(project, name)))
  for (const loaded of pipelines) await refuseMisuses(workspace, loaded)
  if (!isRunning || !isDeepStrictEqual(kindsOf(before), await wanted())) {
    await stopServices(stack)
    await startServers(stack, project.env, docker)
    tell('kafka and minio are ready')
    const services = await servicesOf(workspace, pipelines, stack)
    writeContext(stack, project.env, services[0]!.url)
    writeKeys(stack)
    await startServices(stack, services, tell)
  }
  const found = await Promise.all(stack.services.map(probe))
  if (json) return printData(JSON.stringify({ context: 'local', services: found }, null, 2))
  const first = pipelines[0]?.pipeline.name ?? '<pipeline>'
  printLines(`${statusText(found)}\n\nnext  cairn run ${first} --on local`)

  async function wanted(): Promise<unknown[]> {
    return kindsOf(await servicesOf(workspace, pipelines, stack))
  }
}

/** What makes a service another one; its port does not. */
function kindsOf(services: readonly Service[]): unknown[] {
  return services.map(({ name, main, env: { PORT: _, ...env } }) => ({ name, main, env }))
}
