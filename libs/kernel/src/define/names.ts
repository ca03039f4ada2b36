import { CairnError } from '../errors.ts'

export function checkName(name: string, what: string): void {
  checkKeys([name], what)
  if (name.length > LONGEST_NAME)
    throw new CairnError('BAD_DEFINITION', `${what} has ${name.length} letters: "${name.slice(0, 40)}…"`, {
      next: `use ${LONGEST_NAME} letters at most: files are called by it`,
    })
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return
  throw new CairnError('BAD_DEFINITION', `${what} is "${name}"`, {
    next: 'write it in lower case with dashes, like train-model',
  })
}

const LONGEST_NAME = 100
/** Of the whole path of a place in a pipeline. */
export const LONGEST_PATH = 200

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
