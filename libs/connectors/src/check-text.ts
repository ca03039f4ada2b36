import { CairnError, shown } from '@cairn/kernel'

/** @throws CairnError BAD_DEFINITION when an argument of a connector is not a text */
export function checkText(value: unknown, owner: string, example: string): void {
  if (typeof value === 'string' && value !== '') return
  throw new CairnError('BAD_DEFINITION', `${owner} takes a non-empty string, not ${shown(value)}`, {
    next: `for example ${example}`,
  })
}
