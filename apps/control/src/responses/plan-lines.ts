import { z } from 'zod'
import { Any, ErrorBody, Timestamp } from './response.ts'
import { Artifact } from './plan.ts'

const Change = z.looseObject({
  what: z.enum(['declaration', 'package', 'node', 'order', 'scheme']),
  how: z.enum(['changed', 'added', 'removed']),
  name: z.string(),
  instead: z.string().optional().describe('the name it had before'),
  file: z.string().optional(),
  line: z.int().optional(),
  before: z.string().optional().describe('version'),
  after: z.string().optional().describe('version'),
  path: z.array(z.string()).describe('how the step reaches it: the step, then files'),
})
const because = <Word extends string>(...words: readonly Word[]) => ({ because: z.enum(words) })
const OneReason = z.union([
  z.strictObject(
    because(
      ...(['new', 'new item', 'outputs', 'expired', 'of later', 'forced', 'object missing', 'altered'] as const),
      ...(['unfinished', 'failed', 'caught', 'timed out', 'unknown items'] as const),
    ),
  ),
  z.strictObject({ ...because('code'), changes: z.array(Change) }),
  z.strictObject({
    ...because('parameter', 'source'),
    name: z.string(),
    before: Any.optional(),
    after: Any.optional(),
  }),
  z.strictObject({ ...because('input'), input: z.string(), from: z.string(), certain: z.boolean() }),
  z.strictObject({ ...because('branch', 'other arm'), when: z.string() }),
  z.strictObject({ ...because('never'), text: z.string() }),
  z.strictObject({ ...because('unread input'), input: z.string(), source: z.string(), error: ErrorBody }),
  z.strictObject({ ...because('unread'), error: ErrorBody }),
  z.strictObject({
    ...because('reused'),
    computedAt: Timestamp,
    ms: z.number().describe('how long it took to compute'),
    outputs: z.array(Artifact),
  }),
  z.strictObject({ ...because('given'), from: z.string().describe('run') }),
  z.strictObject({ ...because('taint'), output: z.string(), how: z.string() }),
])
const Reason = z
  .union([OneReason, z.strictObject({ ...because('stale'), reasons: z.array(OneReason) })])
  .describe('why the decision was made')

/** What a run would do at one node, or for one item of it. */
export const PlanLine = z.looseObject({
  node: z.string(),
  decision: z.enum(['reuse', 'run', 'may run', 'skip', 'given', 'fails']),
  reasons: z.array(Reason),
  expected: z
    .strictObject({ ms: z.number(), runs: z.number().describe('number of runs') })
    .optional()
    .describe('the expected time: a median of earlier runs'),
  items: z.strictObject({ reuse: z.number(), run: z.number() }).optional(),
  item: z
    .strictObject({
      item: z.string(),
      indices: z.array(z.number()),
      labels: z.array(z.string().nullable()),
    })
    .optional(),
})
