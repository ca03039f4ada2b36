import { CairnError } from '../errors.ts'

export function checkName(name: string, what: string): void {
  checkKeys([name], what)
  if (name.length > LONGEST_NAME)
    throw new CairnError('BAD_DEFINITION', `${what} has ${name.length} characters: "${name.slice(0, 40)}…"`, {
      next: `use at most ${LONGEST_NAME} characters: it becomes part of file names`,
    })
  if (NAME.test(name)) return
  throw new CairnError('BAD_DEFINITION', `${what} is not allowed: "${name}"`, {
    next: 'use lower-case letters, digits and dashes, for example train-model',
  })
}

export const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
export const LONGEST_NAME = 100

/** A node id: the name of a step or output, after the id of the frame around it: `scoring.each-recentOrders`. */
export const PLACE = /^[\p{L}\p{N}_$-]+(\.[\p{L}\p{N}_$-]+)*$/u
/** In bytes. File systems and S3 servers allow 255 for a file name, and a task's number is appended to it. */
export const LONGEST_PLACE = 200

/** Options of a node. */
export interface NodeOptions {
  /** The id of the node. @default the step's name, with a number if it is taken */
  readonly as?: string
}

export function checkPlace(place: string): void {
  const bytes = Buffer.byteLength(place)
  if (bytes > LONGEST_PLACE)
    throw new CairnError('BAD_DEFINITION', `the name of the node "${place.slice(0, 40)}…" has ${bytes} bytes`, {
      next: `use at most ${LONGEST_PLACE} bytes, because it becomes part of file names: choose shorter names with { as: … }, or nest less`,
    })
  if (PLACE.test(place)) return
  throw new CairnError('BAD_DEFINITION', `the name of a node is not allowed: "${place}"`, {
    next: 'use letters, digits and dashes, because it becomes part of file names: { as: … }',
  })
}

/** @throws CairnError BAD_DEFINITION for a name that is a member of every JavaScript object, such as `constructor` */
export function checkKeys(names: Iterable<string>, what: string): void {
  for (const name of names)
    if (name in Object.prototype)
      throw new CairnError('BAD_DEFINITION', `${what} is not allowed: every JavaScript object already has "${name}"`, {
        next: 'use another name',
      })
}

/** Checks the field names of an object literal. `{ __proto__: … }` sets the prototype and adds no field. */
export function checkFields(fields: object, what: string): void {
  const prototype: unknown = Object.getPrototypeOf(fields)
  checkKeys(prototype === null || prototype === Object.prototype ? [] : ['__proto__'], what)
  checkKeys(Object.keys(fields), what)
}
