import type { World } from './world.fixture.ts'

/** Returns the world that the tests of a file share. Call it only in tests, after `beforeAll`. */
export type Case = () => World

/** How often each fault is repeated. For a long test, set `CAIRN_FAULT_ROUNDS=20`. */
export const ROUNDS = Number(process.env['CAIRN_FAULT_ROUNDS'] ?? 1)
