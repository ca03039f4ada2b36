import type { z } from 'zod'

/**
 * What is wrong with a value, one sentence for each place: `limit must be a number`, or `the request lacks "run": it must be
 * text`.
 */
export function issueText({ issues }: z.ZodError, what: string): string {
  return [...new Set(issues.map((issue) => sentenceOf(issue, what)))].join('; ')
}

function sentenceOf(issue: z.core.$ZodIssue, what: string): string {
  const place = issue.path.join('.')
  if (place !== '' && isMissing(issue)) return `${what} lacks "${place}": it ${faultOf(issue)}`
  return `${place || what} ${faultOf(issue)}`
}

/** Zod only says in its message that a value is missing. */
function isMissing({ code, message }: z.core.$ZodIssue): boolean {
  return code === 'invalid_type' && message.endsWith('received undefined')
}

function faultOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${NOUNS[issue.expected] ?? issue.expected}`
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`
    case 'unrecognized_keys':
      return `has unknown fields: ${issue.keys.join(', ')}`
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`
    case 'invalid_format':
      return issue.format === 'regex'
        ? 'does not have the expected form, which /v1/openapi.json gives'
        : `must be ${issue.format}`
    case 'custom':
      return issue.message.startsWith('Invalid') ? 'is not valid' : issue.message
    default:
      return issue.message
  }
}
const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function unitOf(origin: string): string {
  return { string: ' characters long', array: ' items long' }[origin] ?? ''
}
