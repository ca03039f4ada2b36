import { hash } from 'node:crypto'
import { CairnError, jsonText } from '@cairn/kernel'
import type { ArtifactStore } from './ports.ts'
import { otherPlaceOf } from './shapes/record-place.ts'
import { faultIn } from './shapes/record-shape.ts'

/** Raised when the meaning of records changes. A program reads older records and refuses newer ones. */
export const RECORD_VERSION = 1

/** Next step for a record of a later version. */
export const UPDATE = 'update Cairn'

/**
 * Encodes a record as JSON that ends in a check over its text and place. The check detects damage and swapped files.
 */
export function encodeRecord(record: object, path: string): Buffer {
  const text = jsonText(record)
  return Buffer.from(`${text.slice(0, -1)},"check":"${checkOf(text, path)}"}`)
}

const CHECK = /,"check":"([0-9a-f]{16})"\}$/

function checkOf(text: string, path: string): string {
  return hash('sha256', `${placeOf(path)}\n${text}`).slice(0, 16)
}

/** Returns a path relative to the pipeline's folder, which is the same in every environment, store and playground. */
export function placeOf(path: string): string {
  return PLACE.exec(path)?.[1] ?? path
}
const PLACE = /(?:^|\/)(runs\/[^/]+\/(?:ends|attempts|logs)\/[^/]+|(?:runs|checkpoints)\/[^/]+\/[^/]+|[^/]+\/[^/]+)$/

/**
 * Decodes and validates a record. Records of earlier versions have no check.
 *
 * @throws CairnError BAD_RECORD when it is not a record, is damaged, or comes from a later version of Cairn
 */
export function decodeRecord<Record extends { readonly v: number }>(bytes: Uint8Array, path: string): Record {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const check = CHECK.exec(whole)
  const text = check ? `${whole.slice(0, check.index)}}` : whole
  let record: Record
  try {
    record = JSON.parse(text) as Record
  } catch (cause) {
    throw new CairnError('BAD_RECORD', `${path} is not valid JSON`, { cause, next: 'cairn doctor' })
  }
  const { v } = (record ?? {}) as Partial<Record>
  if (typeof v === 'number' && v > RECORD_VERSION)
    throw new CairnError(
      'BAD_RECORD',
      `${path} has record version ${v}, but this version of Cairn supports only versions up to ${RECORD_VERSION}`,
      {
        next: UPDATE,
      },
    )
  const fault =
    check && check[1] !== checkOf(text, path)
      ? 'its content does not match its check'
      : (faultIn(record, placeOf(path)) ?? otherPlaceOf(record, path))
  if (fault === undefined) return record
  throw new CairnError('BAD_RECORD', `${path} is damaged: ${fault}`, { next: 'cairn doctor' })
}

/**
 * Reads, decodes and validates a record; undefined when there is none.
 *
 * @throws CairnError BAD_RECORD when it is not a record, is damaged, or comes from a later version of Cairn
 */
export async function readRecord<Record extends { readonly v: number }>(
  store: Pick<ArtifactStore, 'read'>,
  path: string,
): Promise<Record | undefined> {
  const bytes = await store.read(path)
  return bytes && decodeRecord<Record>(bytes, path)
}

/**
 * Writes a record unless one exists, and returns the one that is valid. If the store's answer is lost, the record is read
 * to find out who wrote it. If there is none, the error is thrown for the caller to retry.
 *
 * @throws CairnError STORE_FAILED when the record existed and is gone
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
  if (!standing) throw new CairnError('STORE_FAILED', `${path} disappeared while it was being written`)
  return decodeRecord<R>(standing, path)
}
