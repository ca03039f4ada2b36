/** Something with a name in an emitted module: a variable, an import, a namespace object. */
export interface Entity {
  /** What it is called in the emitted module; set by `nameEntities`. */
  name: string
  /** What its author calls it. */
  readonly wanted: string
  readonly users: User[]
}

/** A piece of code that mentions an entity, under the name that it has there. */
interface User {
  readonly spelled: string
  /** Names of variables inside that code, any of which could hide one of the same name outside it. */
  readonly locals: ReadonlySet<string>
}

/** Gives every entity a name of its own: the author's unless something else has it. */
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

/** A name made of a file's: `prepare-data.ts` gives `prepareData`. */
export function nameOfFile(path: string): string {
  const [base = ''] = path.slice(path.lastIndexOf('/') + 1).split('.')
  const name = base.replaceAll(/[^A-Za-z0-9_$]+(.)?/g, (_, letter: string = '') => letter.toUpperCase())
  return /^[A-Za-z_$]/.test(name) ? name : `_${name}`
}

/** An export's or property's name, as it is written. */
export function written(name: string): string {
  return /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(name) ? name : JSON.stringify(name)
}

const RESERVED_WORDS = `await break case catch class const continue debugger default delete do else enum export extends
  false finally for function if implements import in instanceof interface let new null package private protected public
  return static super switch this throw true try typeof var void while with yield arguments eval
  undefined NaN Infinity Object Promise JSON`.split(/\s+/)
