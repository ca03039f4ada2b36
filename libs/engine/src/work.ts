import { AttemptLog, channels, traced, type Code, type ItemWork, type PinnedCode, type Work } from '@cairn/records'
import type { Job } from './job.ts'

/** Builds the work for the compute driver: a body, or its fallback, over some items. */
export async function workOf(
  { run, task, node, step }: Job,
  { print }: AttemptLog,
  items: readonly ItemWork[],
  pinned: PinnedCode,
): Promise<Work> {
  const codeOf = async (code: PinnedCode): Promise<Code> => ('inline' in code ? { inline: true } : run.code(code))
  return {
    run: run.plan.run,
    node: task,
    step: node.step,
    code: await codeOf(step.code),
    ...(pinned === step.fallback && { fallback: await codeOf(pinned) }),
    items,
    params: node.params,
    source: step.source,
    versions: node.versions,
    secrets: step.secrets ?? [],
    timeoutMs: step.timeoutMs,
    memory: step.memory,
    print,
    open: (ref) =>
      traced(
        channels.fetch,
        () => ({ plan: run.plan, task, ref }),
        () => run.fetch(ref),
      ),
  }
}

/** Creates the log of an attempt. */
export function logOf({ host: { store, clock }, run: { at, plan }, task }: Job, attempt: number): AttemptLog {
  return new AttemptLog({ store, clock, at, plan, task, attempt })
}
