/** Something with a name in an emitted module: a variable, an import, or a namespace object. */
export interface Entity {
  /** Its name in the emitted module; set by `nameEntities`. */
  name: string
  /** Its name in the source. */
  readonly wanted: string
  readonly users: User[]
}

/** A piece of code that mentions an entity, and the name that it uses. */
interface User {
  readonly spelled: string
  /** Names of local variables in that code, any of which could shadow the entity. */
  readonly locals: ReadonlySet<string>
}

/** Gives every entity a unique name: its name in the source, or `name$2` and so on if that name is taken. */
export function nameEntities(entities: Iterable<Entity>, reserved: Iterable<string>): void {
  const taken = new Set([...reserved, ...RESERVED_WORDS])
  for (const entity of entities) {
    const isFree = (name: string) =>
      !taken.has(name) && entity.users.every(({ spelled, locals }) => spelled === name || !locals.has(name))
    let name = entity.wanted
    for (let number = 2; !isFree(name); number++) name = `${entity.wanted}$${number}`
    entity.name = name
    taken.add(name)
  }
}

/** Makes a name from a file's name: `prepare-data.ts` gives `prepareData`. */
export function nameOfFile(path: string): string {
  const [base = ''] = path.slice(path.lastIndexOf('/') + 1).split('.')
  const name = base.replaceAll(/[^A-Za-z0-9_$]+(.)?/g, (_, letter: string = '') => letter.toUpperCase())
  return /^[A-Za-z_$]/.test(name) ? name : `_${name}`
}

/** The name of an export or property as source code, quoted if necessary. */
export function written(name: string): string {
  return /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name)
}

const RESERVED_WORDS = `await break case catch class const continue debugger default delete do else enum export extends
  false finally for function if implements import in instanceof interface let new null package private protected public
  return static super switch this throw true try typeof var void while with yield arguments eval
  undefined NaN Infinity Object Promise JSON`.split(/\s+/)
