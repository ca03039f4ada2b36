/** Of a probe of what a service depends on, in milliseconds. */
const PROBE_MS = 3_000

/** What came of a probe, as a finding of `Health`. */
export function probed(probe: Promise<unknown>): Promise<string> {
  const late = new Promise<string>((tell) => setTimeout(tell, PROBE_MS, `no answer in ${PROBE_MS / 1000} s`).unref())
  const answered = probe.then(
    () => 'ok',
    (error: Error) => error.message,
  )
  return Promise.race([answered, late])
}
