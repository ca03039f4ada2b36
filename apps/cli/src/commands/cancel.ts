import { readContext } from '@cairn/embedded'
import { findPlace } from '../artifact-path.ts'
import { openWorkspace, type GlobalOptions } from '../open.ts'
import { contextNamed } from '../remote/needed.ts'
import { postTo } from '../remote/control-client.ts'
import { printData, printLines } from '../terminal/print.ts'

/** `cairn cancel`: ends a run on services early. What is finished stays finished. */
export default async function cancel(
  path: string,
  _: object,
  command: { optsWithGlobals(): GlobalOptions },
): Promise<void> {
  const { json, ...globals } = command.optsWithGlobals()
  const on = contextNamed(globals, 'Ctrl-C ends a run of this machine')
  const workspace = await openWorkspace(globals)
  const { pipeline, run } = await findPlace(workspace, path)
  const { control } = readContext(workspace.project.root, on)
  const name = run.plan.run
  const end = await postTo(control, '/v1/pipelines/{pipeline}/runs/{run}/cancel', {
    path: { pipeline, run: name },
    body: {},
  })
  if (json) return printData(JSON.stringify({ pipeline, run: name, status: end.status }))
  printLines(
    end.status === 'cancelled'
      ? `cancelled  ${pipeline}/${name}`
      : `${end.status}  ${pipeline}/${name} had ended before it could be cancelled`,
  )
}
