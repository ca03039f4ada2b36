import { hash } from 'node:crypto'
import { canonical, contentOf, type Json, type ArtifactRef, type KindDescription } from '@cairn/kernel'

/** Raised when the computation of keys changes. Existing checkpoints are then no longer found. */
const KEY_SCHEME = 1

/** Everything but the inputs that determines a key. It is the same for every item of a node, so it is hashed once. */
export interface KeyBase {
  readonly fingerprint: string
  readonly params: Readonly<Record<string, Json>>
  readonly outputs: Readonly<Record<string, KindDescription>>
  /** Of a source: the version of each thing that it reads, which stands for its content. */
  readonly versions?: Readonly<Record<string, string>> | undefined
}

/** Computes the part of a step's keys that does not depend on inputs. */
export function keyBase({ fingerprint, params, outputs, versions = {} }: KeyBase): string {
  return sha256(
    parts([
      ['scheme', String(KEY_SCHEME)],
      ['code', fingerprint],
      ['params', canonical(params)],
      ['outputs', outputsText(outputs)],
      ...sorted(versions).map(([name, version]): Part => [
        'version',
        parts([
          ['name', canonical(name)],
          ['is', canonical(version)],
        ]),
      ]),
    ]),
  )
}

/** Cached, because it is the same for every node of a step and a schema can be long. */
function outputsText(outputs: KeyBase['outputs']): string {
  let text = outputTexts.get(outputs)
  if (text === undefined) {
    const each = ([name, kind]: [string, KindDescription]): Part => [
      'output',
      parts([
        ['name', canonical(name)],
        ['kind', canonical(kind)],
      ]),
    ]
    outputTexts.set(outputs, (text = parts(sorted(outputs).map(each))))
  }
  return text
}
const outputTexts = new WeakMap<KeyBase['outputs'], string>()

/** Computes a checkpoint's key: equal exactly when code, parameters and inputs are equal. */
export function checkpointKey(base: string, inputs: Readonly<Record<string, ArtifactRef>>): string {
  return sha256(
    parts([
      ['base', base],
      ...sorted(inputs).map(([name, ref]): Part => [
        'input',
        parts([
          ['name', canonical(name)],
          ['digest', contentOf(ref)],
        ]),
      ]),
    ]),
  )
}

export type Part = readonly [tag: string, value: string]

/** Joins parts, each after its tag and both lengths, so that different lists never give the same text. */
export function parts(list: readonly Part[]): string {
  return list.map(([tag, value]) => `${tag.length}:${tag}${value.length}:${value}`).join('')
}

/** Returns the SHA-256 of bytes, or of a text in UTF-8, in hex. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data)
}

function sorted<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}
