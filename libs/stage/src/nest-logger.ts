import type { LoggerService } from '@nestjs/common'

interface Log {
  debug(context: object, message: string): void
  warn(context: object, message: string): void
  error(context: object, message: string): void
}

/** Writes the log messages of Nest into a structured log. Startup messages have the level debug. */
export function nestLogger(log: Log): LoggerService {
  const at = (level: keyof Log) => (message: unknown, context: unknown) =>
    message instanceof Error
      ? log[level]({ context, err: message }, message.message)
      : log[level]({ context }, String(message))
  return { log: at('debug'), debug: at('debug'), verbose: at('debug'), warn: at('warn'), error: at('error') }
}
