import type { ErrorCode } from '@cairn/kernel/runtime'

/** What to do about an error that does not say so itself. */
export const NEXT_STEPS: Readonly<Record<ErrorCode, string>> = {
  BAD_DEFINITION: 'correct the definition, then give the same command again',
  BAD_WIRING: 'correct what the pipeline hands to that step; cairn graph shows the rest',
  BAD_PARAMETER: 'give another value; cairn <command> --help tells what there is',
  BAD_OUTPUT: 'make the step return what its outputs declare',
  BAD_RECORD: 'cairn doctor tells what of the store is broken',
  MISFIT: 'npm ci installs the packages of the lockfile',
  HOST_FAILED: 'make room on the machine that it names; what is finished is reused',
  CORRUPT: 'cairn doctor --repair takes out of use what is broken, then run again',
  NOT_FOUND: 'cairn runs lists what there is',
  NOT_JSON: 'return what JSON can hold, or an output of another kind',
  MISSING_SECRET: 'set CAIRN_SECRET_<name>, or write it into .cairn/secrets.json',
  SOURCE_UNREACHABLE: 'make the source readable, then run again: what is finished is reused',
  STEP_FAILED: 'cairn logs <run> prints what the step printed',
  STEP_CRASHED: 'run again: what is finished is reused',
  OUT_OF_MEMORY: 'give the step more memory, or let it read its inputs in parts',
  OUT_OF_SPACE: 'let the step work on a larger disk, or write less at a time',
  TIMED_OUT: 'give the step more time, or find out what it waits for',
  CANCELLED: 'run again: what is finished is reused',
  CONFLICT: 'give the same command again',
  NOT_ALLOWED: 'use a token that has the right',
  REFUSED: 'cairn diff compares the run with production',
  STORE_FAILED: 'make the store readable and writable, then run again: what is finished is reused',
  STORE_REFUSED: 'give it a name of letters, digits and dashes',
  BUS_FAILED: 'cairn status tells how the services are',
}
