import type { Binding } from '../analyse/scope.ts'
import type { Node } from '../analyse/syntax.ts'
import type { Links } from '../link.ts'
import type { Module } from '../modules.ts'
import { callThing, constructThing } from './calls.ts'
import { valueOf } from './expressions.ts'
import { Flow } from './flow.ts'
import { NOTHING, Slot, type Thing, type Call, type Env, type CodeContext, type Site, type Source } from './thing.ts'
import { changeAll } from './members.ts'
import { handOver } from './outside.ts'
import { runStatement } from './statements.ts'
import { HiddenCalls } from './hidden.ts'
import { defaultExport, variable } from './variables.ts'
import { makeEnv, type Hidden, type World } from './world.ts'

/** A change of state that outlives a call: where it happens, and the name of what is changed. */
export interface Change {
  readonly module: Module
  readonly node: Node
  readonly what: string
}

export interface Code {
  readonly source: Source
  readonly node: Node
  /** The variable that it declares; undefined for an `export default`. */
  readonly binding?: Binding | undefined
}

/**
 * Follows objects through the code of one closure, regardless of the order of statements and calls (a points-to
 * analysis). It first follows what loading runs, whose changes are the same in every process. Then it follows what
 * calls of the body run, and notes what they change that loading made.
 */
export class Analysis implements World {
  readonly flow = new Flow()
  readonly links: Links
  readonly globals = new Map<string, Thing>()
  readonly thrown = new Slot()
  readonly steps = new Slot()
  readonly #sources: ReadonlyMap<Module, Source>
  readonly #modules = new Map<Source, Env>()
  readonly #notes = new Map<Node, { readonly module: Module; readonly things: Set<Thing | string> }>()
  readonly hidden: Hidden[] = []
  readonly made = new Set<Thing>()
  readonly #hiddenCalls = new HiddenCalls(this)
  #later: (() => void)[] = []

  constructor(links: Links, sources: ReadonlyMap<Module, Source>) {
    this.links = links
    this.#sources = sources
  }

  /** Follows top-level code. */
  load(code: readonly Code[]): void {
    for (const each of code) {
      const { source, node } = each
      const env = this.moduleEnv(source)
      const isDefault = 'binding' in each && each.binding === undefined
      if (isDefault) this.flow.into(this.value(node, { env, label: 'default' }), defaultExport(node, env))
      else this.statement(node, { env })
    }
    this.#settle()
  }

  /** Follows calls of all functions that the code evaluates to. */
  call(code: readonly Code[]): void {
    for (const { source, node } of code) this.#callAll(this.value(node, { env: this.moduleEnv(source) }), source, node)
    this.#settleCall(code)
  }

  /** Follows calls of the functions of a step that a variable holds. */
  callStep({ source, node, binding }: Code): void {
    const env = this.moduleEnv(source)
    const held = binding ? variable(binding, env) : defaultExport(node, env)
    this.#callAll(held.things.size > 0 ? held : this.steps, source, node)
    this.#settleCall([{ source, node }])
  }

  get changes(): Change[] {
    const names = this.#namesOfHeld()
    const nameOf = (thing: Thing | string) =>
      typeof thing === 'string' ? thing : (thing.label ?? names.get(thing) ?? 'an object created at load time')
    return [...this.#notes].flatMap(([node, { module, things }]) =>
      [...new Set([...things].map(nameOf))].map((what) => ({ module, node, what })),
    )
  }

  sourceOf(module: Module): Source | undefined {
    return this.#sources.get(module)
  }

  moduleEnv(source: Source): Env {
    let env = this.#modules.get(source)
    if (!env) this.#modules.set(source, (env = makeEnv({ source, home: source.dissection.program, phase: 'load' })))
    return env
  }

  value(node: Node, place: CodeContext): Slot {
    return valueOf(node, place, this)
  }

  statement(node: Node, place: CodeContext): void {
    runStatement(node, place, this)
  }

  callThing(callee: Thing, call: Call): void {
    callThing(callee, call, this)
  }

  construct(callee: Thing, call: Call): void {
    constructThing(callee, call, this)
  }

  change(things: Slot, site: Site): void {
    changeAll(things, site, this)
  }

  later(task: () => void): void {
    this.#later.push(task)
  }

  note(thing: Thing | string, { env, node }: Site): void {
    const { module } = env.source
    let known = this.#notes.get(node)
    if (!known) this.#notes.set(node, (known = { module, things: new Set() }))
    known.things.add(thing)
  }

  #callAll(things: Slot, source: Source, node: Node): void {
    const env = makeEnv({ source, home: source.dissection.program, phase: 'call' })
    handOver(things, NOTHING, { env, node }, this)
  }

  #settleCall(code: readonly Code[]): void {
    this.#settle()
    for (const { source, node } of code.slice(0, 1)) {
      const site = { env: makeEnv({ source, home: source.dissection.program, phase: 'call' }), node }
      while (this.#hiddenCalls.callAll(site)) this.#settle()
    }
  }

  /** For each thing, the name of a module's variable that holds it. */
  #namesOfHeld(): Map<Thing, string> {
    const names = new Map<Thing, string>()
    for (const { variables } of this.#modules.values())
      for (const [{ name }, { things }] of variables)
        for (const thing of things) if (!names.has(thing)) names.set(thing, name)
    return names
  }

  #settle(): void {
    this.flow.settle()
    while (this.#later.length > 0) {
      const tasks = this.#later
      this.#later = []
      for (const task of tasks) task()
      this.flow.settle()
    }
  }
}
