import { json, list, name, number, object, text } from './shape.ts'

const VIA = 'index of the declaration that first refers to it'

const declaration = object(
  { name: text, file: text, line: number, hash: text, refs: list(text), via: number },
  {},
  {
    name: 'name of the declaration',
    file: 'path relative to the project folder',
    line: 'number of the first line, from 1',
    hash: 'hash of the declaration alone, without the declarations that it refers to',
    refs: 'its references, in order: `3.0` is the first variable of declaration 3, `zod#z` is an export of a package',
    via: `${VIA}; -1 for the step itself`,
  },
)
const packageUse = object(
  { name: text, version: text, integrity: text, via: number },
  {},
  {
    name: 'name of the package',
    version: 'installed version',
    integrity: 'digest of the package and all its dependencies',
    via: VIA,
  },
)
const reach = object(
  { what: text, detail: text, line: number, via: number },
  {},
  {
    what: 'what the code uses outside its inputs: the clock, the network, …',
    detail: 'the code that uses it',
    line: 'line number, from 1',
    via: VIA,
  },
)

/** Shape of `Manifest`. */
export const manifest = object(
  {
    fingerprint: name,
    declarations: list(declaration),
    packages: list(packageUse),
    reaches: list(reach),
    imports: json,
  },
  {},
  {
    fingerprint: 'fingerprint of the code: code with equal fingerprints computes the same results',
    declarations: 'the declarations of the code; the first is the step itself',
    packages: 'the packages that the code loads',
    reaches: 'what the code uses outside its inputs',
    imports: 'the folder from which each imported package is resolved, relative to the project folder',
  },
)
