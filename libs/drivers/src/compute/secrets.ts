import { CairnError, type ErrorRecord, type Work } from '@cairn/kernel/runtime'

export type Secrets = Readonly<Record<string, string>>

/** @throws CairnError MISSING_SECRET naming the one that the host cannot resolve */
export function secretsFor(
  { secrets, step }: Pick<Work, 'secrets' | 'step'>,
  resolve: (name: string) => string | undefined,
): Secrets {
  return Object.fromEntries(
    secrets.map((name) => {
      const value = resolve(name)
      if (value !== undefined && value !== '') return [name, value]
      throw new CairnError('MISSING_SECRET', `${step} needs the secret ${name}, which is not set`, {
        next: `set CAIRN_SECRET_${name} in the environment, or ${name} in .cairn/secrets.json`,
      })
    }),
  )
}

const MASK = '***'

/** A line of a secret tells something of it when it has so many characters. */
const TELLING_LENGTH = 8

/** A text without any secret's value, or a line of it, however it came into it. */
export function masked(text: string, secrets: Secrets): string {
  const lines = Object.values(secrets).flatMap((secret) => secret.split('\n'))
  const telling = [...Object.values(secrets), ...lines.filter((line) => line.length >= TELLING_LENGTH)]
  const longestFirst = telling.sort((a, b) => b.length - a.length) // one may be a part of another
  return longestFirst.reduce((clean, secret) => clean.replaceAll(secret, MASK), text)
}

export function redact(error: ErrorRecord, secrets: Secrets): ErrorRecord {
  if (Object.keys(secrets).length === 0) return error
  return JSON.parse(JSON.stringify(error), (_, value: unknown) =>
    typeof value === 'string' ? masked(value, secrets) : value,
  ) as ErrorRecord
}
