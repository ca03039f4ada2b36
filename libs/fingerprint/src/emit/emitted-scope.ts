import type { External, Link, Links, Part } from '../link.ts'
import type { Module } from '../modules.ts'
import { nameEntities, nameOfFile, type Entity } from './names.ts'
import type { Piece } from './pieces.ts'
import type { Binding } from '../analyse/scope.ts'

/** All names in an emitted module, in which the declarations of several modules share one scope. */
export class EmittedScope {
  readonly imports = new Map<string, { readonly entity: Entity; readonly external: External }>()
  readonly namespaces = new Map<Module, Namespace>()
  /** Data files that are carried with the code, and the variable that holds their locations. */
  readonly files = new Set<Module>()
  readonly filesHolder: Entity = { name: '', wanted: 'files', users: [] }
  /** The object that replaces the step's definition. */
  readonly step: Entity
  readonly #links: Links
  readonly #variables = new Map<string, Entity>()
  readonly #extra: Entity[] = []
  readonly #meanings = new Map<Piece, ReadonlyMap<Binding, Entity>>()

  constructor(pieces: readonly Piece[], stepName: string, links: Links) {
    this.#links = links
    this.step = { name: '', wanted: stepName, users: [] }
    for (const { part, unit } of pieces)
      if (part.type === 'unit') for (const index of unit.bindings.keys()) this.variable(part, index)
    for (const piece of pieces) this.#meanings.set(piece, this.#meaningsIn(piece))
  }

  /** Adds a name for something that the emitter creates. */
  add(wanted: string): Entity {
    const entity = { name: '', wanted, users: [] }
    this.#extra.push(entity)
    return entity
  }

  /** Assigns all names. Call this once, after everything has been added. */
  nameAll(globals: Iterable<string>): void {
    const imported = [...this.imports.values()].map(({ entity }) => entity)
    const namespaces = [...this.namespaces.values()].map(({ entity }) => entity)
    const own = [this.filesHolder, this.step, ...this.#extra]
    nameEntities([...this.#variables.values(), ...imported, ...namespaces, ...own], globals)
  }

  /** An expression that gives the location of a carried file. */
  file({ path }: Module, as: 'path' | 'href'): string {
    return `${this.filesHolder.name}[${JSON.stringify(path)}].${as}`
  }

  variable({ module, index }: Part, binding: number): Entity {
    const key = `${index}.${binding} ${module.file}`
    let entity = this.#variables.get(key)
    if (!entity) {
      const name = module.analysis.units[index]!.names[binding]!
      entity = { name: '', wanted: name === 'default' ? nameOfFile(module.path) : name, users: [] }
      this.#variables.set(key, entity)
    }
    return entity
  }

  import(external: External, wanted: string): Entity {
    const { specifier, name } = external
    const key = `${name} ${specifier}`
    let known = this.imports.get(key)
    if (!known) this.imports.set(key, (known = { entity: { name: '', wanted, users: [] }, external }))
    return known.entity
  }

  /** The object for the namespace of a local module. Adds one member to it, or all members if `member` is omitted. */
  namespace(module: Module, wanted: string, member?: string): Namespace {
    let namespace = this.namespaces.get(module)
    if (!namespace) {
      namespace = { entity: { name: '', wanted, users: [] }, members: new Map() }
      this.namespaces.set(module, namespace)
    }
    for (const name of member === undefined ? this.#links.exportNames(module) : [member]) {
      const link = this.#links.export(module, name)
      if (link && !namespace.members.has(name)) namespace.members.set(name, this.#entityOf(link, name))
    }
    return namespace
  }

  /** The entity that a variable in a piece stands for. */
  entityFor(piece: Piece, binding: Binding): Entity {
    return this.#meanings.get(piece)!.get(binding)!
  }

  #meaningsIn(piece: Piece): Map<Binding, Entity> {
    const { part, unit, references, dissection } = piece
    const meanings = new Map<Binding, Entity>()
    if (part.type === 'unit')
      for (const [index, binding] of unit.bindings.entries())
        if (binding) meanings.set(binding, this.variable(part, index))
    for (const { reference, link } of references) {
      if ('specifier' in reference) {
        if (!('part' in link.target)) continue
        const { module } = link.target.part
        if (module.isFile) this.files.add(module)
        const entity = module.isFile ? this.filesHolder : this.#entityOf(link, nameOfFile(reference.specifier))
        entity.users.push({ spelled: '', locals: piece.locals })
        continue
      }
      const { binding, member } = reference
      const isNamespace = dissection.imports.get(binding)?.name === '*'
      meanings.set(
        binding,
        isNamespace ? this.#whole(piece, binding, member, link) : this.#entityOf(link, binding.name),
      )
    }
    for (const [{ name }, entity] of meanings) entity.users.push({ spelled: name, locals: piece.locals })
    return meanings
  }

  /** A namespace import stays an object, even if only some of its members are used. */
  #whole({ part, dissection }: Piece, binding: Binding, member: string | undefined, { target }: Link): Entity {
    const imported = this.#links.imported(part.module, dissection.imports.get(binding)!.request)
    if (imported) return this.namespace(imported, binding.name, member).entity
    return this.import({ ...(target as { external: External }).external, name: '*' }, binding.name)
  }

  #entityOf({ target }: Link, wanted: string): Entity {
    if ('external' in target) return this.import(target.external, wanted)
    if (!('part' in target)) throw new TypeError(`nothing is called ${wanted}`)
    const { part, binding } = target
    return part.type === 'namespace' ? this.namespace(part.module, wanted).entity : this.variable(part, binding)
  }
}

export interface Namespace {
  readonly entity: Entity
  readonly members: Map<string, Entity>
}
