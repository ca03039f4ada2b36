import { z } from 'zod'
import { Any, Timestamp } from './response.ts'

export const Artifact = z.looseObject({
  digest: z.string().describe('SHA-256 of the bytes, in hex'),
  size: z.int().describe('bytes'),
  text: z.string().optional().describe('the content, if it is small and UTF-8'),
  base64: z.string().optional().describe('the content, if it is small and not UTF-8'),
  contentDigest: z.string().optional(),
  items: z.int().optional().describe('number of items of a list'),
  summary: z.record(z.string(), Any).optional(),
  label: z.string().optional(),
})
const Ref = z
  .looseObject({ node: z.string().optional(), output: z.string().optional(), item: z.string().optional() })
  .describe('the output of a node, or the item of an `each`')
const Refs = z.record(z.string(), Ref)
const Condition = Ref.extend({ value: z.boolean().optional().describe('set if it was known when the run was planned') })
const Code = z.looseObject({
  fingerprint: z.string().optional(),
  digest: z.string().optional().describe('SHA-256 (hex) of the stored code'),
  packages: z.string().optional(),
  inline: z.string().optional().describe('why there is no stored code'),
})
const PlannedStep = z.looseObject({
  code: Code,
  fallback: Code.optional(),
  source: z.boolean(),
  outputs: z.record(z.string(), z.looseObject({ kind: z.string(), version: z.number(), schema: Any })),
  retry: z
    .looseObject({
      times: z.number(),
      backoffMs: z.number(),
      maxBackoffMs: z.number(),
      on: z.array(z.string()).optional(),
    })
    .optional(),
  timeoutMs: z.number().optional(),
  memory: z.number().optional().describe('bytes'),
  cache: z.looseObject({ never: z.string().optional(), maxAgeMs: z.number().optional() }).optional(),
  secrets: z.array(z.string()).optional().describe('names'),
})
const PlannedNode = z.looseObject({
  type: z.enum(['step', 'each', 'when', 'given']),
  scope: z.array(z.string()).describe('the `each` nodes around it, outermost first'),
  guards: z.array(z.looseObject({ when: z.string(), condition: Condition, arm: z.boolean() })),
  step: z.string().optional(),
  inputs: Refs.optional(),
  params: z.record(z.string(), Any).optional(),
  versions: z.record(z.string(), z.string()).optional(),
  production: z
    .record(
      z.string(),
      z.looseObject({ pipeline: z.string(), run: z.string(), output: z.string(), artifact: Artifact }),
    )
    .optional()
    .describe('for a source: what it reads from the production runs of other pipelines'),
  force: z.boolean().optional(),
  over: Ref.optional(),
  batch: z.int().optional(),
  collects: Refs.optional(),
  condition: Condition.optional(),
  then: Refs.optional(),
  otherwise: Refs.optional(),
  from: z.string().optional(),
  outputs: z.record(z.string(), Artifact).optional(),
})
/** A plan, documented in docs/consumers/records.md. */
export const Plan = z.looseObject({
  v: z.int(),
  run: z.string(),
  env: z.string(),
  pipeline: z.string(),
  createdAt: Timestamp,
  parent: z.string().optional(),
  params: z.record(z.string(), Any),
  settings: z.record(z.string(), Any).optional(),
  steps: z.record(z.string(), PlannedStep),
  nodes: z.record(z.string(), PlannedNode),
  outputs: Refs,
})
