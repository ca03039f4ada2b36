import { canonical } from '../json.ts'
import { checkKinds, currentBuilder } from './graph-builder.ts'
import type { NodeOptions } from './names.ts'
import { CairnError } from '../errors.ts'
import type { EachNode, Tolerance, WhenNode } from './graph.ts'
import { checkOptions, takes, type Options } from './options.ts'
import { namedFields, nodeOf, ParamNode, type Handle, type HandleNode, type Param } from './handle.ts'
import { list, type List } from './list.ts'

export type AnyHandles = Readonly<Record<string, Handle<unknown>>>
export type Lists<R extends AnyHandles> = {
  readonly [Name in keyof R]: R[Name] extends Handle<infer Value> ? Handle<List<Value>> : never
}

/** Options of {@link each}. */
export interface EachOptions extends NodeOptions {
  /** How many items are dispatched and recorded as one task. Each item still has its own checkpoint. @default 100 */
  readonly batch?: number
  /** How many items may fail and be left out of the results. @default none */
  readonly tolerate?: Tolerance
}

const EACH: Options = {
  as: takes.text,
  batch: takes.whole(1),
  tolerate: takes.group('{ items: 1 } or { share: 0.01 }', {
    items: takes.whole(0),
    share: takes.what('a number from 0 to 1', (value) => typeof value === 'number' && value >= 0 && value <= 1),
  }),
}

/**
 * Runs the steps of its body for every item of a list. The results are lists in the order of the items.
 * @throws CairnError BAD_WIRING when `items` is not a list, or when the body returns something other than named handles
 * @example
 * const { score } = each(pages, (page) => scorePage({ page, model }), { batch: 50, tolerate: { share: 0.01 } })
 */
export function each<Item, R extends AnyHandles>(
  items: Handle<List<Item>>,
  body: (item: Handle<Item>) => R,
  given: EachOptions = {},
): Lists<R> {
  const builder = currentBuilder('each')
  const over = builder.read(items, 'the list of each')
  checkOptions(given, EACH, `each over ${over.called}`)
  const { batch = 100, tolerate = {}, ...options } = given
  const { item } = over.kind
  if (!item)
    throw new CairnError('BAD_WIRING', `each needs a list, but ${over.called} is a ${over.kind.name}`, {
      next: 'declare that output as list(kind)',
    })

  const id = builder.name(`each-${outputName(over)}`, options)
  const node = { type: 'each', id, over: over.ref, batch, tolerate, collects: {}, outputs: {} } as const
  builder.add<EachNode>(node) // reserves its name and its position before the body's nodes
  const results = builder.eachItem(id, () => {
    const returned = body(builder.handle({ item: id }, item))
    return namedFields(returned, `the result of ${id}`).map(
      ([name, handle]) => [name, builder.read(handle, `"${name}" of ${id}`)] as const,
    )
  })
  return builder.add<EachNode>({
    ...node,
    collects: Object.fromEntries(results.map(([name, { ref }]) => [name, ref])),
    outputs: Object.fromEntries(results.map(([name, { kind }]) => [name, list(kind)])),
  }) as unknown as Lists<R>
}

/**
 * Runs the steps of the arm that the condition chooses, and skips those of the other arm.
 * @throws CairnError BAD_WIRING when the arms return different outputs
 * @example
 * const { model } = when(isLarge, () => trainOnSample({ training }), () => trainOnAll({ training }))
 */
export function when<R extends AnyHandles>(
  condition: Handle<boolean> | Param<boolean>,
  then: () => R,
  otherwise: () => { readonly [Name in keyof R]: NoInfer<R[Name]> },
  options: NodeOptions = {},
): R {
  const builder = currentBuilder('when')
  const given = nodeOf(condition)
  const chosen = given instanceof ParamNode ? given : builder.read(condition, 'the condition of when')
  const id = builder.name(`when-${chosen instanceof ParamNode ? chosen.ref.param : outputName(chosen)}`, options)
  const node = { type: 'when', id, condition: chosen.ref, then: {}, otherwise: {}, outputs: {} } as const
  builder.add<WhenNode>(node)

  const arm = (taken: boolean, body: () => AnyHandles) =>
    builder.arm({ when: id, arm: taken }, () =>
      Object.fromEntries(
        namedFields(body(), `the result of an arm of ${id}`).map(([name, handle]) => [
          name,
          builder.read(handle, `"${name}" of ${id}`),
        ]),
      ),
    )
  const [yes, no] = [arm(true, then), arm(false, otherwise)]
  const names = Object.keys(yes)
  if (canonical([...names].sort()) !== canonical(Object.keys(no).sort()))
    throw new CairnError(
      'BAD_WIRING',
      `the two arms of ${id} return different outputs: ${names.join(', ')} and ${Object.keys(no).join(', ')}`,
    )
  for (const name of names) checkKinds(no[name]!, yes[name]!.kind, `output "${name}" of ${id}`)

  const refs = (handles: Record<string, HandleNode>) =>
    Object.fromEntries(Object.entries(handles).map(([name, { ref }]) => [name, ref]))
  return builder.add<WhenNode>({
    ...node,
    then: refs(yes),
    otherwise: refs(no),
    outputs: Object.fromEntries(Object.entries(yes).map(([name, { kind }]) => [name, kind])),
  }) as unknown as R
}

function outputName({ ref }: HandleNode): string {
  return 'item' in ref ? 'items' : kebab(ref.output)
}

function kebab(name: string): string {
  return name
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
}
