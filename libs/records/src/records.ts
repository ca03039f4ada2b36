import { hash } from 'node:crypto'
import type { ErrorRecord } from './error-record.ts'
import { CairnError } from '@cairn/kernel'
import type { ArtifactRef } from '@cairn/kernel'
import { jsonText, type Json } from '@cairn/kernel'
import type { ArtifactStore } from './ports.ts'
import { otherPlaceOf } from './shapes/record-place.ts'
import { faultIn } from './shapes/record-shape.ts'
import type { Signature } from './signature.ts'

/** Raised when a record's meaning changes; a program refuses records newer than itself and reads older ones. */
export const RECORD_VERSION = 1

/** What to do about a record of a later version. */
export const UPDATE = 'update Cairn'

export type TaskStatus = 'completed' | 'failed' | 'timed-out' | 'cancelled' | 'skipped' | 'blocked'

/** What became of one lane of a task: of the task itself, or of one item of a batch. */
export type Outcome =
  | {
      readonly status: 'completed'
      readonly how: 'computed' | 'reused' | 'caught' | 'joined'
      readonly key?: string
      readonly outputs: Readonly<Record<string, ArtifactRef>>
      readonly ms?: number
      /** The error of the last attempt, where its step's `catch` went on after it. */
      readonly caught?: ErrorRecord
    }
  | { readonly status: 'failed' | 'timed-out' | 'cancelled'; readonly error: ErrorRecord; readonly key?: string }
  /** `because`: the node that decided it, with its item where it is inside an `each`: `score/3`. */
  | { readonly status: 'skipped' | 'blocked'; readonly because: string }

/** The one terminal record of a task. */
export interface EndRecord {
  readonly v: number
  readonly status: TaskStatus
  /** One for a plain task, one an item for a batch. */
  readonly lanes: readonly Outcome[]
  /** What decides how the run goes on: of each list output its length, of each boolean one 1 or 0, for every lane. */
  readonly counts: Readonly<Record<string, readonly number[]>>
  readonly attempts: number
  /** Errors of the attempts that were tried again. */
  readonly failures?: readonly FailedAttempt[]
  readonly startedAt: number
  readonly endedAt: number
  readonly host: string
}

/** An attempt that was followed by another; earlier versions kept neither its number nor whose it was. */
export interface FailedAttempt extends ErrorRecord {
  readonly attempt?: number
  /** Of several lanes, which one failed. */
  readonly lane?: number
}

export interface AttemptRecord {
  readonly v: number
  readonly startedAt: number
  readonly host: string
}

/** A host cannot run a task for what it lacks, and has left it to others. */
export interface UnfitRecord {
  readonly v: number
  readonly task: string
  readonly at: number
  readonly host: string
  readonly error: ErrorRecord
}

/** A result that can stand in for computing it again. */
export interface Checkpoint {
  readonly v: number
  readonly step: string
  readonly key: string
  readonly fingerprint: string
  /** SHA-256 (hex) of the code that computed it, as it is stored; checkpoints of earlier versions do not say. */
  readonly code?: string
  readonly params: Readonly<Record<string, Json>>
  readonly inputs: Readonly<Record<string, string>>
  readonly versions?: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, ArtifactRef>>
  readonly producer: { readonly run: string; readonly task: string; readonly host: string }
  readonly computedAt: number
  readonly ms: number
  /** How often it was computed anew, by force or because it had grown too old. */
  readonly generation: number
  /** Of the service that computed it, where services vouch for what they compute. */
  readonly signature?: Signature
}

export type RunStatus = 'completed' | 'failed' | 'cancelled'
export interface RunEnd {
  readonly v: number
  readonly status: RunStatus
  readonly endedAt: number
  readonly host: string
}

/** As JSON, with a check over its text and its place at the end: bytes may be damaged, and files exchanged. */
export function encodeRecord(record: object, path: string): Buffer {
  const text = jsonText(record)
  return Buffer.from(`${text.slice(0, -1)},"check":"${checkOf(text, path)}"}`)
}

const CHECK = /,"check":"([0-9a-f]{16})"\}$/

function checkOf(text: string, path: string): string {
  return hash('sha256', `${placeOf(path)}\n${text}`).slice(0, 16)
}

/** Where in a pipeline's folder: the same in every environment, store and playground. */
export function placeOf(path: string): string {
  return PLACE.exec(path)?.[1] ?? path
}
const PLACE = /(?:^|\/)(runs\/[^/]+\/(?:ends|attempts|logs)\/[^/]+|(?:runs|checkpoints)\/[^/]+\/[^/]+|[^/]+\/[^/]+)$/

/**
 * Records of earlier versions have no check.
 *
 * @throws CairnError BAD_RECORD when it is no record, is damaged, or is one of a later version of Cairn
 */
export function decodeRecord<Record extends { readonly v: number }>(bytes: Uint8Array, path: string): Record {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const check = CHECK.exec(whole)
  const text = check ? `${whole.slice(0, check.index)}}` : whole
  let record: Record
  try {
    record = JSON.parse(text) as Record
  } catch (cause) {
    throw new CairnError('BAD_RECORD', `${path} is not readable as JSON`, { cause, next: 'cairn doctor' })
  }
  const { v } = (record ?? {}) as Partial<Record>
  if (typeof v === 'number' && v > RECORD_VERSION)
    throw new CairnError('BAD_RECORD', `${path} has version ${v}; this program knows up to ${RECORD_VERSION}`, {
      next: UPDATE,
    })
  const fault =
    check && check[1] !== checkOf(text, path)
      ? 'its bytes do not match its check'
      : (faultIn(record, placeOf(path)) ?? otherPlaceOf(record, path))
  if (fault === undefined) return record
  throw new CairnError('BAD_RECORD', `${path} is damaged: ${fault}`, { next: 'cairn doctor' })
}

export async function readRecord<Record extends { readonly v: number }>(
  store: Pick<ArtifactStore, 'read'>,
  path: string,
): Promise<Record | undefined> {
  const bytes = await store.read(path)
  return bytes && decodeRecord<Record>(bytes, path)
}

/**
 * Writes a record that only its first writer wins, and tells which record stands. When the store's answer is lost, the
 * record itself answers: it is ours, another's, or still absent, and then the caller must try again.
 */
export async function claim<R extends { readonly v: number }>(
  store: ArtifactStore,
  path: string,
  record: R,
): Promise<R> {
  const bytes = encodeRecord(record, path)
  let created = false
  try {
    created = await store.create(path, bytes)
  } catch (error) {
    if (!(await store.read(path))) throw error
  }
  if (created) return record
  const standing = await store.read(path)
  if (!standing) throw new CairnError('STORE_FAILED', `${path} was there and is gone`)
  return decodeRecord<R>(standing, path)
}
