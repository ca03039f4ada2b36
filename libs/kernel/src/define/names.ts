import { CairnError } from '../errors.ts'

export function checkName(name: string, what: string): void {
  checkKeys([name], what)
  if (name.length > LONGEST_NAME)
    throw new CairnError('BAD_DEFINITION', `${what} has ${name.length} letters: "${name.slice(0, 40)}…"`, {
      next: `use ${LONGEST_NAME} letters at most: files are called by it`,
    })
  if (NAME.test(name)) return
  throw new CairnError('BAD_DEFINITION', `${what} is "${name}"`, {
    next: 'write it in lower case with dashes, like train-model',
  })
}

export const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
export const LONGEST_NAME = 100

/** A place is named after its step or after an output, behind the places around it: `scoring.each-recentOrders`. */
export const PLACE = /^[\p{L}\p{N}_$-]+(\.[\p{L}\p{N}_$-]+)*$/u
/** Bytes: file systems and S3 servers take 255 for a file's name, which a task's number follows. */
export const LONGEST_PLACE = 200

/** Names the place of a node. Default: the step's name, numbered when it is taken. */
export interface NodeOptions {
  readonly as?: string
}

export function checkPlace(place: string): void {
  const bytes = Buffer.byteLength(place)
  if (bytes > LONGEST_PLACE)
    throw new CairnError('BAD_DEFINITION', `a place in the pipeline has a name of ${bytes} bytes`, {
      next: `use shorter names, { as: … }, or nest less: ${LONGEST_PLACE} bytes at most, files are called by it`,
    })
  if (PLACE.test(place)) return
  throw new CairnError('BAD_DEFINITION', `a place in the pipeline is called "${place}"`, {
    next: 'give it a name of letters, digits and dashes with { as: … }: files are called by it',
  })
}

/** Refuses names that every JavaScript object has a member of. */
export function checkKeys(names: Iterable<string>, what: string): void {
  for (const name of names)
    if (name in Object.prototype)
      throw new CairnError('BAD_DEFINITION', `${what} is "${name}", which every object in JavaScript has already`, {
        next: 'use another name',
      })
}

/** Those of an object whose fields are named by an author: `{ __proto__: … }` has no field, but another prototype. */
export function checkFields(fields: object, what: string): void {
  const prototype: unknown = Object.getPrototypeOf(fields)
  checkKeys(prototype === null || prototype === Object.prototype ? [] : ['__proto__'], what)
  checkKeys(Object.keys(fields), what)
}
