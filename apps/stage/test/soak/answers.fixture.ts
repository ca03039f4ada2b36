/** Status codes that control may return during outages, for missing resources, or if it is too busy. */
const EXPECTED: ReadonlySet<string> = new Set(['404', '409', '429', '502', '503', '504'])

/** Returns a handler for failed requests to control, which adds unexpected status codes to `wrong`. */
export function refusal(wrong: string[]): (error: unknown) => undefined {
  return (error) => {
    const text = String(error)
    const [, status] = /^Error: [A-Z]+ \S+: (\d{3}) /.exec(text) ?? []
    if (status !== undefined && !EXPECTED.has(status)) wrong.push(`control answered ${text.slice(0, 400)}`)
  }
}
