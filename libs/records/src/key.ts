import { hash } from 'node:crypto'
import { canonical, contentOf, type Json, type ArtifactRef, type KindDescription } from '@cairn/kernel'

/** Raised when keys are made otherwise: no checkpoint from before is then found. */
const KEY_SCHEME = 1

/** All that counts besides the inputs; the same for every item of a node, so hashed once. */
export interface KeyBase {
  readonly fingerprint: string
  readonly params: Readonly<Record<string, Json>>
  readonly outputs: Readonly<Record<string, KindDescription>>
  /** Of a source: what stands for the content of each thing that it reads. */
  readonly versions?: Readonly<Record<string, string>> | undefined
}

/** The fixed part of a step's keys. */
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

/** The same for every node of a step, and long where a schema is. */
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

/** The name under which a result is kept: equal exactly when code, parameters and inputs are. */
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

/** Every part with its tag and both their lengths in front, so that no two lists of parts give the same text. */
export function parts(list: readonly Part[]): string {
  return list.map(([tag, value]) => `${tag.length}:${tag}${value.length}:${value}`).join('')
}

export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data)
}

function sorted<Value>(record: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))
}
