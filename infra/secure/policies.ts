import { layout, queueLayout, STORE_FILE } from '@cairn/records'
import type { Pipeline } from '@cairn/kernel'
import { ownershipOf } from '@cairn/engine'

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html, as far as MinIO supports it. */
export interface Policy {
  readonly Version: '2012-10-17'
  readonly Statement: readonly Statement[]
}
interface Statement {
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: readonly `s3:${string}`[]
  readonly Resource: readonly string[]
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
}
/** A bucket, and the environment in it. */
export interface EnvironmentBucket {
  readonly bucket: string
  readonly env: string
}

const READ = ['s3:GetObject'] as const
/** Includes multipart uploads, which are aborted after errors. */
const WRITE = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'] as const
const REMOVE = ['s3:DeleteObject'] as const

/**
 * The rights of a step's stage: read everything of its pipeline; write artifacts, which are named by their digests, its
 * own step's checkpoints, and the records of the nodes that it acts on.
 */
export function stagePolicy(place: EnvironmentBucket, { graph }: Pipeline, step: string): Policy {
  const at = layout(place.env, graph.name)
  const owned = ownershipOf(graph)
  const mine = owned.filter(({ steps }) => steps.has(step)).map(({ node }) => node)
  const run = '*'
  // A batch's name follows the node's after a `/`, which is another character in the name of its record.
  const ends = mine.flatMap((node) => [at.end(run, node), at.end(run, `${node}/*`)])
  // One or two digits: a longer pattern would also match nodes whose names continue with a dash.
  const attempts = mine.flatMap((node) => {
    const numbered = at.attempt(run, node, 0).slice(0, -1)
    return [`${numbered}?`, `${numbered}??`, at.attempt(run, `${node}/*`, 0).slice(0, -1) + '*']
  })
  // Logs of an attempt: one or two digits, too. Records of what a host lacks for a task: followed by a shortened digest.
  const logs = mine.flatMap((node) => {
    const of = at.log(run, node, 0, 0).slice(0, -'0-0'.length)
    const inBatch = at.log(run, `${node}/*`, 0, 0).slice(0, -'0-0'.length)
    return [`${of}?-?`, `${of}?-??`, `${of}??-?`, `${of}??-??`, `${inBatch}*`]
  })
  const unfits = mine.flatMap((node) => [at.unfit(run, node, DIGEST), at.unfit(run, `${node}/*`, DIGEST)])
  const inPlace = (paths: readonly string[]) => paths.map((path) => objects(place, path))
  const runEnd = at.runEnd(run)
  const isTaken = owned.some(({ node }) => node === END) && !mine.includes(END)
  return policy(
    place,
    [at.root],
    [
      allow(READ, inPlace([`${at.root}*`])),
      // Whoever finishes a run writes its end.
      allow(
        WRITE,
        inPlace([
          ...[`${at.root}objects/*`, `${at.checkpoints(step)}*`, at.lease('*')],
          ...[...ends, ...attempts, ...logs, ...unfits, runEnd],
        ]),
      ),
      // An object in the trash that is needed again is moved back.
      allow(REMOVE, inPlace([at.trash('*'), at.lease('*')])),
      ...(isTaken ? [{ ...allow(WRITE, inPlace([at.end(run, END)])), Effect: 'Deny' as const }] : []),
    ],
  )
}

/** Matches any text. */
const DIGEST = '?'.repeat(64)

/** A node of this name has records whose names look like those of runs' ends. */
const END = 'end'

/** The rights of the control service: everything within its environment, and its queue of runs. */
export function controlPolicy(place: EnvironmentBucket): Policy {
  const roots = [`${place.env}/`, queueLayout(place.env).root]
  const all = roots.map((root) => objects(place, `${root}*`))
  return policy(place, roots, [allow([...READ, ...WRITE, ...REMOVE], all)])
}

/** The rights of a consumer of one pipeline: read. */
export function consumerPolicy(place: EnvironmentBucket, { graph }: Pipeline): Policy {
  const { root } = layout(place.env, graph.name)
  return policy(place, [root], [allow(READ, [objects(place, `${root}*`)])])
}

/** Adds what every program does at its start: check the store's format and its conditional writes. */
function policy(place: EnvironmentBucket, roots: readonly string[], statements: readonly Statement[]): Policy {
  const bucket = [`arn:aws:s3:::${place.bucket}`]
  const list = (condition: Record<string, readonly string[]>): Statement => ({
    ...allow(['s3:ListBucket'], bucket),
    Condition: { StringLike: condition },
  })
  return {
    Version: '2012-10-17',
    Statement: [
      ...statements,
      list({ 's3:prefix': [...roots.map((root) => `${root}*`), 'probe/'] }),
      // Distinguishes a missing bucket from a missing object; shows only the names of environments.
      list({ 's3:prefix': [''], 's3:delimiter': ['/'] }),
      allow(READ, [objects(place, STORE_FILE)]),
      allow([...READ, ...WRITE, ...REMOVE], [objects(place, 'probe/*')]),
    ],
  }
}

function allow(Action: Statement['Action'], Resource: readonly string[]): Statement {
  return { Effect: 'Allow', Action, Resource }
}

function objects({ bucket }: EnvironmentBucket, path: string): string {
  return `arn:aws:s3:::${bucket}/${path}`
}
