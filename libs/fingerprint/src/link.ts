import type { Code, Export, Ref } from './analyse/analyse.ts'
import { digest } from './digest.ts'
import { keyOfFile, type Module, type Modules } from './modules.ts'
import type { Resolved } from './packages/resolve.ts'
import { refuse, type Fault } from './analyse/syntax.ts'

/** A piece of code that a closure includes as a whole or not at all. */
export interface Part {
  /**
   * `body` and `fallback` belong to a step with a literal definition, `namespace` is all exports of a module, and
   * `effect` is a side-effect import.
   */
  readonly type: 'unit' | 'body' | 'fallback' | 'namespace' | 'effect'
  readonly module: Module
  /** Index of the unit in its module; for an effect, index of the request. */
  readonly index: number
  readonly name: string
  readonly line: number
  readonly code: Code
}

/** What a reference resolves to. */
export type Target =
  | { readonly part: Part; readonly binding: number }
  | { readonly external: External }
  | { readonly absent: true }
  | { readonly refusal: Error }

/** An export of code that closures do not include: a package, a Node built-in, or Cairn itself. */
export interface External {
  readonly resolved: Exclude<Resolved, { type: 'local' | 'file' | 'missing' }>
  readonly specifier: string
  readonly attributes?: Readonly<Record<string, string>>
  /** `*` for all exports as an object; empty for a side-effect import. */
  readonly name: string
  /** The importing module, and the index of its request. */
  readonly from: Module
  readonly request: number
}

/** A target, and the modules that lead to it through re-exports. */
export interface Link {
  readonly target: Target
  readonly through: readonly Module[]
}

/** Resolves references across modules to what other modules declare. */
export class Links {
  readonly #modules: Modules
  readonly #parts = new Map<Module, Readonly<Record<Part['type'], Part[]>>>()
  readonly #links = new Map<Part, readonly Link[]>()
  readonly #exports = new Map<Module, Map<string, Link | undefined>>()

  constructor(modules: Modules) {
    this.#modules = modules
  }

  part(module: Module, index: number, type: 'unit' | 'body' | 'fallback' | 'effect' = 'unit'): Part {
    return this.#part(type, module, index, () => {
      if (type === 'effect') {
        const { specifier, line } = module.analysis.requests[index]!
        return {
          name: `import '${specifier}'`,
          line,
          code: { hash: digest('effect', []), refs: [{ request: index }], touches: [0] },
        }
      }
      const { name, line, code, step } = module.analysis.units[index]!
      return { name, line, code: type === 'unit' ? code : step![type]! }
    })
  }

  #namespace(module: Module): Part {
    return this.#part('namespace', module, 0, () => ({
      name: 'exports',
      line: 1,
      code: { hash: digest('namespace', this.exportNames(module)), refs: [], touches: [], inert: true },
    }))
  }

  #part(type: Part['type'], module: Module, index: number, make: () => Pick<Part, 'name' | 'line' | 'code'>): Part {
    let parts = this.#parts.get(module)
    if (!parts) this.#parts.set(module, (parts = { unit: [], body: [], fallback: [], namespace: [], effect: [] }))
    return (parts[type][index] ??= { type, module, index, ...make() })
  }

  /** The targets of a part's references, in the order of the references. */
  of(part: Part): readonly Link[] {
    let links = this.#links.get(part)
    if (!links) this.#links.set(part, (links = this.#resolve(part)))
    return links
  }

  #resolve({ type, module, code }: Part): readonly Link[] {
    if (type === 'namespace') return this.exportNames(module).map((name) => this.export(module, name)!)
    if (type === 'effect') return code.refs.map((ref) => this.#import(module, (ref as { request: number }).request, ''))
    return code.refs.map((ref) => this.ref(module, ref))
  }

  ref(module: Module, ref: Ref): Link {
    if ('unit' in ref) return { target: { part: this.part(module, ref.unit), binding: ref.binding }, through: [] }
    if ('request' in ref) return this.#import(module, ref.request, '*')
    const { request, name } = module.analysis.imports[ref.import]!
    if (ref.member === undefined || name !== '*') return this.#import(module, request, name)
    const imported = this.imported(module, request)
    const isAbsent = imported && !imported.analysis.fault && !this.export(imported, ref.member)
    return isAbsent ? { target: { absent: true }, through: [imported] } : this.#import(module, request, ref.member)
  }

  /** Follows an export by name to its declaration; undefined if the module has no such export. */
  export(module: Module, name: string, seen: ReadonlySet<Module> = new Set()): Link | undefined {
    let known = this.#exports.get(module)
    if (!known) this.#exports.set(module, (known = new Map()))
    if (known.has(name)) return known.get(name)
    const exports = module.analysis.exports
    const link = Object.hasOwn(exports, name)
      ? this.#exported(module, exports[name]!)
      : this.#starred(module, name, seen)
    if (seen.size === 0) known.set(name, link)
    return link
  }

  /** Names of all exports in alphabetical order, as in a namespace object. */
  exportNames(module: Module, seen = new Set<Module>()): string[] {
    seen.add(module)
    const names = new Set(Object.keys(module.analysis.exports))
    for (const request of module.analysis.stars) {
      const starred = this.imported(module, request)
      if (starred && !seen.has(starred))
        for (const name of this.exportNames(starred, seen)) if (name !== 'default') names.add(name)
    }
    return [...names].filter((name) => this.export(module, name)).sort()
  }

  #exported(module: Module, exported: Export): Link {
    return 'request' in exported ? this.#import(module, exported.request, exported.name) : this.ref(module, exported)
  }

  #starred(module: Module, name: string, seen: ReadonlySet<Module>): Link | undefined {
    if (name === 'default' || seen.has(module)) return undefined
    const found = module.analysis.stars.flatMap((request): Link[] => {
      const starred = this.imported(module, request)
      if (!starred) return [this.#import(module, request, name)]
      const link = this.export(starred, name, new Set([...seen, module]))
      return link ? [{ ...link, through: [starred, ...link.through] }] : []
    })
    const certain = found.filter(({ target }) => 'part' in target)
    const [link, ...others] = certain.length > 0 ? certain : found
    if (!link || others.every(({ target }) => sameTarget(target, link.target))) return link
    return refused(module, { ...AMBIGUOUS, message: `exports "${name}" from several modules` })
  }

  /** The local module that a request resolves to; undefined if it is not local. */
  imported(module: Module, request: number): Module | undefined {
    const resolved = module.resolved[request]!
    if (resolved.type === 'file') return this.#modules.get(keyOfFile(resolved.file))
    return resolved.type === 'local' ? this.#modules.get(resolved.file) : undefined
  }

  #import(module: Module, request: number, name: string): Link {
    const { specifier, line, attributes, how } = module.analysis.requests[request]!
    const resolved = module.resolved[request]!
    if (resolved.type === 'missing') {
      const { why, next = toFind(specifier) } = resolved
      return refused(module, {
        message: `${how === 'file' ? 'names the file' : 'imports'} '${specifier}', which ${why}`,
        line,
        next,
      })
    }
    if (resolved.type === 'file')
      return { target: { part: this.part(this.imported(module, request)!, 0), binding: 0 }, through: [] }
    if (resolved.type !== 'local') {
      const external = { resolved, specifier, name, from: module, request, ...(attributes && { attributes }) }
      return { target: { external }, through: [] }
    }
    const imported = this.#modules.get(resolved.file)
    if (!imported) return refused(module, { message: `imports '${specifier}', which cannot be read`, line })
    if (imported.analysis.fault) return refused(imported, imported.analysis.fault)
    if (name === '*') return this.#whole(imported)
    const link = this.export(imported, name)
    if (link) return { ...link, through: [imported, ...link.through] }
    return refused(module, { message: `imports "${name}" from '${specifier}', which does not export it`, line })
  }

  #whole(module: Module): Link {
    const open = module.analysis.stars.find((request) => !this.imported(module, request))
    if (open === undefined) return { target: { part: this.#namespace(module), binding: 0 }, through: [module] }
    const { specifier, line } = module.analysis.requests[open]!
    const message = `re-exports all of '${specifier}', so the fingerprint cannot tell which exports are used`
    const next = 'import the exports that you need by name'
    return refused(module, { message, line, next })
  }
}

function refused({ path }: Module, fault: Fault): Link {
  return { target: { refusal: refuse(path, fault) }, through: [] }
}

function toFind(specifier: string): string {
  if (/^(\.{0,2}\/|file:)/.test(specifier)) return 'use the path of an existing file, with its extension'
  if (NPM_NAME.test(specifier)) return `npm install ${specifier}`
  return 'import it by its path, or by a # name from "imports" in package.json: Node does not read tsconfig paths'
}

const NPM_NAME = /^(@[\w.-]+\/)?\w[\w.-]*$/
const AMBIGUOUS = { line: 1, next: 'export it by name from one of them' }

function sameTarget(a: Target, b: Target): boolean {
  if ('part' in a && 'part' in b) return a.part === b.part && a.binding === b.binding
  return 'external' in a && 'external' in b && a.external.specifier === b.external.specifier
}
