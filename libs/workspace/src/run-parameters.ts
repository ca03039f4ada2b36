import { canonical, parseExactJson, type Json } from '@cairn/kernel'
import type { Plan } from '@cairn/records'

/** Lists all parameters of a run by the names that `--set` takes: `trees` of the run, `train.trees` of a step. */
export function parametersOf({ params, nodes }: Pick<Plan, 'params' | 'nodes'>): Record<string, Json> {
  const ofSteps = Object.entries(nodes).flatMap(([id, node]) =>
    node.type === 'step' ? Object.entries(node.params).map(([name, value]) => [`${id}.${name}`, value] as const) : [],
  )
  return { ...Object.fromEntries(ofSteps), ...params }
}

/**
 * Whether a parameter has a value.
 *
 * @param text `<name>=<value>`, the value as text or JSON
 */
export function hasParameter(parameters: Readonly<Record<string, Json>>, text: string): boolean {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  if (!Object.hasOwn(parameters, name)) return false
  const parameter = parameters[name]!
  // `--set` reads a list without brackets, too.
  const texts = Array.isArray(parameter) ? [value, `[${value}]`] : [value]
  return parameter === value || texts.some((text) => isSame(text, parameter))
}

/** Whether a text is the JSON of a value, however it is written: `1e-3` is 0.001. */
function isSame(text: string, value: Json): boolean {
  try {
    return canonical(parseExactJson(text, 'the parameter')) === canonical(value)
  } catch {
    return false
  }
}
