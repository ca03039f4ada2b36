import { CairnError } from '@cairn/kernel'

/** Refuses an option that sets one name to two values, as either could be meant. */
export function refuseRepeats(options: Readonly<Record<string, readonly string[] | undefined>>): void {
  for (const [option, texts = []] of Object.entries(options)) {
    const seen = new Map<string, string>()
    for (const text of texts) {
      const name = text.split('=', 1)[0]!
      const before = seen.get(name)
      if (before !== undefined && before !== text)
        throw new CairnError('BAD_PARAMETER', `--${option} gives ${name} twice: ${before} and ${text}`, {
          next: 'remove one of them',
        })
      const part = option === 'set' ? [...seen.keys()].find((other) => other.startsWith(`${name}.`)) : undefined
      if (part !== undefined)
        throw new CairnError('BAD_PARAMETER', `--set ${text} replaces the earlier --set ${seen.get(part)}`, {
          next: `remove one of them, or set ${name} first`,
        })
      seen.set(name, text)
    }
  }
}
