import type { PipeTransform } from '@nestjs/common'
import { AREAS } from '@cairn/maintenance'
import { NAMES, type NamePattern } from '@cairn/records'
import { z } from 'zod'
import { issueText } from './issue-text.ts'
import { RequestRefused } from './problem.ts'

/** The same names as in records and events. */
const named = ({ pattern, longest, fits }: NamePattern) => z.string().regex(pattern).max(longest).refine(fits)
const NodeName = named(NAMES.node)

export const PipelineName = named(NAMES.name)
export const RunName = named(NAMES.run)
/** `<partition>-<offset>`, or `stray-<partition>-<offset>` for a foreign message in the topic of dead letters. */
export const DeadLetterId = z.string().regex(/^(stray-)?\d{1,9}-\d{1,15}$/)
/**
 * A path in a pipeline's folder: a name of the layout, and what may be below it, up to the length that stores accept. It
 * can never lead out of the folder.
 */
const PLACE = String.raw`(objects|trash|code|checkpoints|runs|refs)(\/(?!\.{1,2}(\/|$))[\w.@+-]{1,250})*`
export const FilePath = z
  .string()
  .max(800)
  .regex(new RegExp(`^${PLACE}$`))
export const FolderPath = z
  .string()
  .max(800)
  .regex(new RegExp(`^${PLACE}/?$`))

/** Each name that is unknown is compared with all that are known, for a suggestion. */
const MAX_SETTINGS = 1_000

/** What to run: the same as the options of the command line. */
export const RunRequest = z
  .strictObject({
    settings: z
      .record(z.string().max(200), z.unknown())
      .refine((settings) => Object.keys(settings).length <= MAX_SETTINGS, `takes at most ${MAX_SETTINGS} parameters`)
      .describe('run parameters, and step parameters as <step>.<name>'),
    from: z.array(NodeName).max(100).describe('steps to start from'),
    until: z.array(NodeName).max(100).describe('steps to stop after'),
    force: z.array(NodeName).max(100).describe('steps to compute even if nothing has changed'),
    base: RunName.describe('the run that provides the outputs of steps that are not run'),
  })
  .partial()
export const PlanRequest = RunRequest.extend({
  item: z.string().max(1000).optional().describe('only one item of a step: <step>/<index or label>'),
})
export const RetryRequest = z.strictObject({
  from: NodeName.optional().describe(
    'the step to start from; default: where the run started, reusing what has finished',
  ),
})

export const RerunRequest = z.strictObject({
  node: NodeName.describe('a step, or an `each` with everything inside it'),
})
export const CollectionRequest = z.strictObject({
  dryRun: z.boolean().default(false).describe('only report what would be removed'),
})
/** Where a check of a store stopped: the `next` of its response. */
export const CheckupPlace = z.strictObject({
  area: z.enum(AREAS),
  after: z.string().max(800).describe('the last path that was checked'),
  broken: z
    .array(z.string().regex(/^[0-9a-f]{64}$/))
    .max(1_000)
    .describe('digests of damaged objects found so far'),
})
export const ExaminationRequest = z.strictObject({
  bytes: z.number().min(0).max(1).default(1).describe('the share of objects whose bytes are read'),
  repair: z.boolean().default(false).describe('move damaged records and objects to quarantine/'),
  after: CheckupPlace.optional().describe('default: from the beginning'),
})
export const PromotionRequest = z.strictObject({
  run: RunName.describe('the run to put into production'),
  expected: RunName.nullable().describe('the run that is in production now; null for none'),
  from: RunName.optional().describe(
    'the playground run that it repeats, as the sender names it; control cannot check it',
  ),
})
/** Selects one of the groups that gave a message up. */
export const LetterDecision = z.strictObject({
  group: z.string().max(300).optional().describe('default: all groups that gave it up'),
})
export const LetterQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(20),
  after: DeadLetterId.optional(),
  run: RunName.optional(),
  all: z.enum(['true', 'false']).optional(),
})
export const RollBackRequest = z.strictObject({ expected: RunName.describe('the run that is in production now') })

/** JSON Schema of a request or a response, for the OpenAPI document. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'input'): object {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, target: 'openapi-3.0' })
  return described
}

/** Describes path and query parameters for the OpenAPI document, as types do not exist at run time. */
export const IN_PATH = {
  pipeline: { name: 'pipeline', schema: schemaOf(PipelineName) },
  run: { name: 'run', schema: schemaOf(RunName) },
  deadLetter: { name: 'id', schema: schemaOf(DeadLetterId) },
} as const
export const IN_QUERY = {
  limit: { name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 20 } },
  lettersAfter: { name: 'after', required: false, schema: schemaOf(DeadLetterId) },
  lettersOfRun: { name: 'run', required: false, schema: schemaOf(RunName) },
  allLetters: { name: 'all', required: false, schema: { type: 'boolean', default: false } },
  file: { name: 'path', schema: schemaOf(FilePath) },
  folder: { name: 'path', schema: schemaOf(FolderPath) },
} as const

/** Validates a value by a schema, and reports where it does not fit. */
export class Parse<Schema extends z.ZodType> implements PipeTransform<unknown, z.output<Schema>> {
  readonly #schema: Schema

  constructor(schema: Schema) {
    this.#schema = schema
  }

  /** @param about names the part of the address that is parsed; nothing for a body */
  transform(value: unknown, about: { readonly data?: string | undefined } = {}): z.output<Schema> {
    const read = this.#schema.safeParse(value === undefined ? {} : value)
    if (read.success) return read.data
    throw new RequestRefused('BAD_PARAMETER', issueText(read.error, about.data ?? 'the request'))
  }
}
