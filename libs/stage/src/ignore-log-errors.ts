/** A stream of log lines: standard output or error, or what a logger writes to. */
interface LogStream {
  on(event: 'error', handler: () => void): unknown
}

/**
 * Lets a process go on when its log cannot be written, for example because the disk is full. The lines are lost. Without
 * a handler, the error would end the process.
 */
export function ignoreLogErrors(...streams: readonly LogStream[]): void {
  for (const stream of streams) stream.on('error', () => {})
}
