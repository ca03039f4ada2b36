import type { World } from './world.fixture.ts'

/** The world that a file's tests share, once it is there. */
export type Case = () => World

/** How often each thing is done: `CAIRN_FAULT_ROUNDS=20` is the long form. */
export const ROUNDS = Number(process.env['CAIRN_FAULT_ROUNDS'] ?? 1)
