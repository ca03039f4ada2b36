import { CairnError, suggest } from '../errors.ts'
import type { Frame, Graph, Node, Setting } from './graph.ts'
import type { Guard, ParamRef, Ref } from './ref.ts'
import { HandleNode, handleOf, namedFields, nodeOf, ParamNode, type Handle, type Param } from './handle.ts'
import { canonical, type Json } from '../json.ts'
import { describeKind, fits, kindText, type AnyKind, type Kinds } from './kind.ts'
import { checkOptions, takes } from './options.ts'
import { STAND_IN, type Probe } from './probe.ts'
import { within } from './time-limit.ts'
import { fieldNames, type AnySchema } from './schema.ts'
import type { Step } from './step-definition.ts'
import { checkName, checkPlace, type NodeOptions } from './names.ts'

let open: GraphBuilder | undefined

/** The builder of the graph that is being built. @throws CairnError BAD_DEFINITION outside a pipeline's body */
export function currentBuilder(what: string): GraphBuilder {
  if (open) return open
  throw new CairnError('BAD_DEFINITION', `${what} was called outside a pipeline`, {
    next: 'call it inside pipeline(name, () => …); to run a step without a pipeline, call its definition.run',
  })
}

/** Collects nodes while a pipeline's body runs with symbolic handles. */
export class GraphBuilder {
  /** Set while the pipeline is rebuilt to find out whether its body inspects handles. */
  readonly #probe: Probe | undefined
  /** The name of each handle, by its number. */
  readonly handles: string[] = []
  readonly #handleNumbers = new Map<string, number>()
  /** The error of the first inspection of a handle. Kept, because the body may have caught it. */
  fault: CairnError | undefined
  readonly nodes = new Map<string, Node>()
  readonly frames = new Map<string, Frame>()
  readonly #steps = new Map<string, Step>()
  /** The next number to try for nodes of the same name. */
  readonly #numbers = new Map<string, number>()
  #prefix = ''
  #scope: readonly string[] = []
  #guards: readonly Guard[] = []
  /** How many guards enclose the innermost `each`. They skip it as a whole, so its nodes do not repeat them. */
  #outerGuards = 0

  constructor(probe?: Probe) {
    this.#probe = probe
  }

  get isProbe(): boolean {
    return this.#probe !== undefined
  }

  build<Result>(name: string, body: () => Result, outputs: (result: Result) => Record<string, Ref>): Graph {
    const outer = open
    open = this
    try {
      const refs = this.#probe ? within(this.#probe.limit.ms, () => outputs(body())) : outputs(body())
      if (this.fault) throw this.fault
      return { name, outputs: refs, nodes: this.nodes, frames: this.frames }
    } finally {
      open = outer
    }
  }

  /** Adds a pipeline's body as a frame of this graph. */
  within<Result>(id: string, params: AnySchema | undefined, given: Record<string, Setting>, body: () => Result) {
    this.frames.set(id, { params, given })
    const prefix = this.#prefix
    this.#prefix = `${id}.`
    try {
      return body()
    } finally {
      this.#prefix = prefix
    }
  }

  eachItem<Result>(id: string, body: () => Result): Result {
    const [scope, outerGuards] = [this.#scope, this.#outerGuards]
    this.#scope = [...scope, id]
    this.#outerGuards = this.#guards.length
    try {
      return body()
    } finally {
      this.#scope = scope
      this.#outerGuards = outerGuards
    }
  }

  arm<Result>(guard: Guard, body: () => Result): Result {
    const guards = this.#guards
    this.#guards = [...guards, guard]
    try {
      return body()
    } finally {
      this.#guards = guards
    }
  }

  add<N extends Node>(node: Omit<N, 'scope' | 'guards'>): Record<string, Handle<never>> {
    const placed = { ...node, scope: this.#scope, guards: this.#guards.slice(this.#outerGuards) } as unknown as N
    this.nodes.set(placed.id, placed)
    if (this.#probe) this.#checkLimit(this.#probe, placed.id)
    return this.handlesOf(placed)
  }

  #checkLimit({ limit, places, traced }: Probe, id: string): void {
    if (!places.has(id)) places.set(id, traced ? new Error(`${id} is added`) : undefined)
    if (this.nodes.size > limit.nodes)
      throw new CairnError('BAD_DEFINITION', 'the pipeline has too many nodes: its body may loop without end')
  }

  handlesOf(node: Node): Record<string, Handle<never>> {
    return Object.fromEntries(
      Object.entries(node.outputs).map(([output, kind]) => [output, this.handle({ node: node.id, output }, kind)]),
    )
  }

  handle(ref: Ref, kind: AnyKind): Handle<never> {
    return this.#given(new HandleNode(ref, kind, { builder: this, scope: this.#scope, guards: this.#guards }))
  }

  param(ref: ParamRef): Param<never> {
    return this.#given(new ParamNode(ref, this))
  }

  /** Returns what the body receives: the handle, or the probe's value in its place. */
  #given(node: HandleNode | ParamNode): never {
    const number = this.numberOf(node.ref)
    this.handles[number] = node.called
    return (this.#probe?.replaces(number) ? this.#probe.value : handleOf(node)) as never
  }

  /** The number of a handle, in the order in which handles are made. */
  numberOf(ref: Ref | ParamRef): number {
    const key = JSON.stringify(ref)
    const number = this.#handleNumbers.get(key) ?? this.#handleNumbers.size
    this.#handleNumbers.set(key, number)
    return number
  }

  #isStandIn(given: unknown): boolean {
    return this.#probe !== undefined && given === this.#probe.value
  }

  /** Returns a free node id. @throws CairnError BAD_DEFINITION when `as` is taken, or the id is not allowed */
  name(standard: string, options: NodeOptions = {}): string {
    checkOptions(options, { as: takes.text }, `"${standard}" in the pipeline`)
    const { as } = options
    if (as !== undefined) checkName(as, 'the name of a node')
    const wanted = this.#prefix + (as ?? standard)
    checkPlace(wanted)
    const taken = (id: string) => this.nodes.has(id) || this.frames.has(id)
    if (!taken(wanted)) return wanted
    if (as !== undefined)
      throw new CairnError('BAD_DEFINITION', `two nodes of the pipeline are named "${wanted}"`, {
        next: 'give each node its own name with { as: … }',
      })
    for (let number = this.#numbers.get(wanted) ?? 2; ; number++)
      if (!taken(`${wanted}-${number}`)) {
        checkPlace(`${wanted}-${number}`)
        this.#numbers.set(wanted, number + 1)
        return `${wanted}-${number}`
      }
  }

  /** Checkpoints and code are stored under the step's name, so a pipeline must not have two steps of one name. */
  checkStep(step: Step): void {
    const known = this.#steps.get(step.name)
    if (known && known !== step)
      throw new CairnError('BAD_DEFINITION', `two different steps of the pipeline are named "${step.name}"`, {
        next: 'rename one of them; to use one step twice, call the same step definition twice',
      })
    this.#steps.set(step.name, step)
  }

  /** Returns the node of a handle. @throws CairnError BAD_WIRING for a handle that is out of scope, or another value */
  read(given: unknown, what: string): HandleNode {
    if (this.#isStandIn(given)) return ANY_HANDLE
    const handle = nodeOf(given)
    if (!(handle instanceof HandleNode))
      throw new CairnError('BAD_WIRING', `${what} is not an output of a step`, {
        next: 'pass an output of another step in the same pipeline',
      })
    const { builder, scope, guards } = handle.place
    if (builder !== this)
      throw new CairnError('BAD_WIRING', `${what} is ${handle.called}, which belongs to another pipeline`)
    if (scope.some((id, depth) => id !== this.#scope[depth]))
      throw new CairnError(
        'BAD_WIRING',
        `${what} is ${handle.called}, which exists only for one item inside ${scope.at(-1)}`,
        {
          next: `return it from the body of ${scope.at(-1)}, and use the list that each returns`,
        },
      )
    if (guards.some((guard, depth) => !sameGuard(guard, this.#guards[depth])))
      throw new CairnError('BAD_WIRING', `${what} is ${handle.called}, which exists in only one arm of a when`, {
        next: 'return it from both arms, and use the output that when returns',
      })
    return handle
  }

  setting(value: unknown, what: string): Setting {
    if (this.#isStandIn(value)) return STAND_IN
    const node = nodeOf(value)
    if (node instanceof ParamNode) {
      if (node.builder === this) return node.ref
      throw new CairnError('BAD_WIRING', `${what} is ${node.called}, which belongs to another pipeline`)
    }
    if (node instanceof HandleNode)
      throw new CairnError('BAD_WIRING', `${what} is ${node.called}: an artifact cannot be a parameter`, {
        next: 'make it an input of the step',
      })
    return { value: JSON.parse(canonical(value, what)) as Json }
  }

  settings(
    given: Readonly<Record<string, unknown>>,
    owner: string,
    params: AnySchema | undefined,
  ): Record<string, Setting> {
    const stated = namedFields(given, `the parameters of ${owner}`).filter(([, value]) => value !== undefined)
    const known = stated.length === 0 || this.isProbe ? undefined : params ? fieldNames(params) : []
    for (const [name] of known ? stated : [])
      if (!known!.includes(name))
        throw new CairnError('BAD_WIRING', `${owner} has no parameter "${name}"`, {
          next: suggest(name, known!, 'remove it: the step takes no parameters'),
        })
    return Object.fromEntries(
      stated.map(([name, value]) => [name, this.setting(value, `parameter ${name} of ${owner}`)]),
    )
  }

  /** Checks that each input of a step or pipeline is wired, that no other is, and that the kinds fit. */
  wire(inputs: Kinds, given: Readonly<Record<string, unknown>>, owner: string): Record<string, HandleNode> {
    for (const [name] of namedFields(given, `the inputs of ${owner}`))
      if (!(name in inputs))
        throw new CairnError('BAD_WIRING', `${owner} has no input "${name}"`, {
          next: suggest(name, Object.keys(inputs), 'remove it: the step takes no inputs'),
        })
    return Object.fromEntries(
      Object.entries(inputs).map(([name, kind]) => {
        if (given[name] === undefined)
          throw new CairnError('BAD_WIRING', `input "${name}" of ${owner} is missing`, {
            next: `pass a ${kind.name}: ${owner}({ ${name}: … })`,
          })
        const handle = this.read(given[name], `input "${name}" of ${owner}`)
        checkKinds(handle, kind, `input "${name}" of ${owner}`)
        return [name, handle]
      }),
    )
  }
}

// A probe's value is read as a handle of any kind: the first build has checked the kinds.
const ANY_KIND = { name: 'any', item: { name: 'any' } } as unknown as AnyKind
const ANY_HANDLE = new HandleNode(STAND_IN, ANY_KIND, { builder: { isProbe: true }, scope: [], guards: [] })

export function checkKinds(handle: HandleNode, wanted: AnyKind, what: string): void {
  if (handle.place.builder.isProbe) return
  const produced = describeKind(handle.kind)
  if (fits(wanted, produced)) return
  throw new CairnError(
    'BAD_WIRING',
    `${what} must be ${kindText(describeKind(wanted))}, but ${handle.called} is ${kindText(produced)}`,
  )
}

function sameGuard(a: Guard, b: Guard | undefined): boolean {
  return a.when === b?.when && a.arm === b.arm
}
