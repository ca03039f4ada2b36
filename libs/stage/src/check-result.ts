/** Time limit for the check of a dependency, in milliseconds. */
const PROBE_MS = 3_000

/** Returns the result of a check as a finding of `Health`. */
export function checkResult(probe: Promise<unknown>): Promise<string> {
  const late = new Promise<string>((resolve) =>
    setTimeout(resolve, PROBE_MS, `no response within ${PROBE_MS / 1000} s`).unref(),
  )
  const answered = probe.then(
    () => 'ok',
    (error: Error) => error.message,
  )
  return Promise.race([answered, late])
}
