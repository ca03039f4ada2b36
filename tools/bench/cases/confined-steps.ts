import { hash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inProcess, processPool, type ComputeOptions, type Confinement } from '@cairn/drivers/compute'
import { packagesDigest, type Compute, type Work } from '@cairn/records'
import { median, seconds, temporaryFolder, type Case, type Lab } from '../lab.ts'

const TASKS = 300
const NOTHING: Confinement = { environment: [], reads: [], writes: [], programs: false }
const MODULE = 'export const inputs = {}\nexport const outputs = {}\nexport const run = () => ({})\n'

/** What it costs that bodies run apart from their host, and what that they are confined there. */
export const confinedSteps: Case = {
  title: 'A confined step',
  async run({ repeat, note }: Lab) {
    const root = temporaryFolder()
    const options: ComputeOptions = {
      root,
      scratch: () => root,
      secrets: () => undefined,
      remember: (_, make) => make(),
    }
    const work = workIn(root)
    const pool = (confinement?: Confinement) =>
      processPool({ ...options, size: 1, ...(confinement && { confinement }) })
    const [here, apart, confined] = [inProcess({ ...options, live: new Map() }), pool(), pool(NOTHING)]
    const starts = { apart: await run(apart, work), confined: await run(confined, work) }
    const tasks = { here: [] as number[], apart: [] as number[], confined: [] as number[] }
    for (let round = 0; round < repeat; round++)
      for (const [name, compute] of Object.entries({ here, apart, confined })) {
        const started = performance.now()
        for (let task = 0; task < TASKS; task++) await run(compute, work)
        tasks[name as keyof typeof tasks].push((performance.now() - started) / TASKS)
      }
    for (const each of [apart, confined]) each.close()
    note(
      `The first task of a process, which starts it: ${seconds(starts.apart)} apart, ${seconds(starts.confined)} confined. ` +
        `A warm task in the host's own process: ${seconds(median(tasks.here))}.`,
    )
    const [ms, floor] = [median(tasks.confined), median(tasks.apart)]
    return [
      {
        what: 'a task in a warm, confined process; floor: in a warm process that is not confined',
        cairn: seconds(ms),
        floor: seconds(floor),
        ratio: ms / floor,
        aim: '<= 1.2x',
        met: ms <= 1.2 * floor,
      },
    ]
  },
}

async function run(compute: Compute, work: Work): Promise<number> {
  const started = performance.now()
  for await (const result of compute.run(work, new AbortController().signal))
    if ('error' in result) throw new Error(result.error.message)
  return performance.now() - started
}

function workIn(root: string): Work {
  const fingerprint = hash('sha256', 'empty')
  const path = join(root, 'code', `${fingerprint}.mjs`)
  mkdirSync(join(root, 'code'))
  writeFileSync(path, MODULE)
  const closure = { packages: [], imports: {} }
  const packages = packagesDigest(closure)
  const manifest = join(root, 'code', `${fingerprint}.json`)
  writeFileSync(manifest, JSON.stringify({ v: 1, fingerprint, node: 24, declarations: [], reaches: [], ...closure }))
  return {
    run: 'run',
    node: 'empty',
    step: 'empty',
    code: { fingerprint, digest: hash('sha256', MODULE), packages, name: fingerprint, path, manifest },
    items: [{ index: 0, inputs: {}, key: fingerprint }],
    params: {},
    secrets: [],
    source: false,
    timeoutMs: undefined,
    memory: undefined,
    versions: undefined,
    open: () => Promise.reject(new Error('nothing is to be opened')),
    print: () => {},
  }
}
