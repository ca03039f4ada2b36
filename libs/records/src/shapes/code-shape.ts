import { json, list, name, number, object, text } from './shape.ts'

const VIA = 'index of the declaration through which it is first reached'

const declaration = object(
  { name: text, file: text, line: number, hash: text, refs: list(text), via: number },
  {},
  {
    name: 'what is declared',
    file: "relative to the project's folder",
    line: 'the first line, counted from 1',
    hash: 'of the declaration alone, without what it refers to',
    refs: 'what it refers to, in order: `3.0` is the first variable of declaration 3, `zod#z` an export of a package',
    via: `${VIA}; -1 of the step itself`,
  },
)
const packageUse = object(
  { name: text, version: text, integrity: text, via: number },
  {},
  {
    name: 'the name of the package',
    version: 'the installed version',
    integrity: 'digest of the package and of all that it depends on',
    via: VIA,
  },
)
const reach = object(
  { what: text, detail: text, line: number, via: number },
  {},
  {
    what: 'what the code reaches outside itself: the clock, the network, …',
    detail: 'the code that reaches it',
    line: 'the line, counted from 1',
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
    fingerprint: 'of the code: equal fingerprints compute the same',
    declarations: 'the declarations that the code consists of; the first is the step itself',
    packages: 'the packages that it loads',
    reaches: 'what it reaches outside itself',
    imports: "the folder from which each imported package is resolved, relative to the project's",
  },
)
