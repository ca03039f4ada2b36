import { relative } from 'node:path'
import { allPipelines, loadPipeline, refuseMisuses } from '@cairn/workspace'
import { changeOf, changeText, runningServices, stoppedOf, type Change } from '../local/changes.ts'
import { checkService } from '../local/health.ts'
import { findPrograms } from '../local/programs.ts'
import { ensureBucket, serversOf } from '../local/servers.ts'
import { missingSecretsOf, servicesOf } from '../local/services.ts'
import { isServer, LOCAL, Stack, type Service } from '../local/stack.ts'
import { startServices, writeContext, writeKeys } from '../local/start.ts'
import { statusText, supervisorText } from '../local/status.ts'
import { stopStack } from '../local/stop.ts'
import { withGivenOptions } from '../given-options.ts'
import { openWorkspace } from '../open.ts'
import type { GlobalOptions } from '../global-options.ts'
import { paint } from '../terminal/style.ts'
import { printData, printLines, printNotes } from '../terminal/print.ts'

/**
 * `cairn up`: starts Kafka, MinIO, control and a process for each step, all on the loopback address of this machine.
 * Healthy services keep running. Without names, services that are no longer needed are stopped.
 */
export default async function up(
  names: readonly string[],
  { docker = false }: { docker?: boolean },
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const workspace = await openWorkspace(globals)
  const { project } = workspace
  const stack = new Stack(project.root)
  const pipelines =
    names.length === 0
      ? await allPipelines(project)
      : await Promise.all(names.map((name) => loadPipeline(project, name)))
  for (const loaded of pipelines) await refuseMisuses(workspace, loaded)
  const changes: Change[] = []
  await stack.locked(printNotes, start)
  const missingSecrets = missingSecretsOf(workspace, pipelines)
  for (const { service, secret } of missingSecrets)
    printNotes(
      `${paint('yellow', `! ${service}`, process.stderr)}  its secret ${secret} is not set: set CAIRN_SECRET_${secret}, or add ${secret} to .cairn/secrets.json, then ${withGivenOptions('cairn up')}`,
    )
  const found = await Promise.all(stack.services.map((service) => checkService(service, stack.running)))
  if (json) return printData(JSON.stringify({ context: LOCAL, services: found, changes, missingSecrets }, null, 2))
  const first = pipelines[0]?.pipeline.name ?? '<pipeline>'
  const groups = relative(process.cwd(), stack.tool('kafka-consumer-groups'))
  printLines(`${statusText(found)}\n\nnext  cairn run ${first} --on local\n      ${groups} --describe --all-groups`)

  async function start(): Promise<void> {
    const { running } = stack
    stack.recordOwner()
    if (running && !running.watch) await stopStack(stack) // started by an earlier version of Cairn
    if (running && !stack.isSupervised) printNotes(`${supervisorText(running)}; starting another one`)
    const programs = await findPrograms(project.root, printNotes)
    const servers = await serversOf(programs.servers, stack, project.env, docker)
    const before = stack.services
    const runningBefore = runningServices(before, running)
    const others = [...runningBefore.values()].filter((service) => !isServer(service))
    const printed = new Set<string>()
    const printChange = (change: Change) => {
      if (printed.has(change.name)) return
      printed.add(change.name)
      changes.push(change)
      if (change.change !== 'unchanged') printNotes(changeText(change))
    }
    const printReady = (service: Service) => printChange(changeOf(service, runningBefore))
    // The others keep running, but may not become ready before they are replaced below: a server may have moved.
    await startServices(stack, [...servers, ...others], { awaited: servers, onReady: printReady, note: printNotes })
    await ensureBucket(stack)
    const services = await servicesOf(programs, workspace, pipelines, stack, before)
    writeContext(stack, project.env, services[0]!.url)
    writeKeys(stack)
    const kept = names.length === 0 ? [] : others.filter(({ name }) => !services.some((other) => other.name === name))
    const wanted = [...servers, ...services, ...kept]
    await startServices(stack, wanted, { onReady: printReady, note: printNotes })
    stoppedOf(wanted, runningBefore).forEach(printChange)
    const unchanged = changes.filter(({ change }) => change === 'unchanged')
    if (unchanged.length > 0) printNotes(`unchanged  ${unchanged.map(({ name }) => name).join(', ')}`)
  }
}
