/** What control may answer while it or the servers are away, is asked for what is gone, or has too much to do. */
const EXPECTED: ReadonlySet<string> = new Set(['404', '409', '429', '502', '503', '504'])

/** Takes a request that has failed: an answer that control must never give is wrong, whatever is done to it. */
export function refusal(wrong: string[]): (error: unknown) => undefined {
  return (error) => {
    const text = String(error)
    const [, status] = /^Error: [A-Z]+ \S+: (\d{3}) /.exec(text) ?? []
    if (status !== undefined && !EXPECTED.has(status)) wrong.push(`control answered ${text.slice(0, 400)}`)
  }
}
