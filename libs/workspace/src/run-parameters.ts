import { jsonText, type Json } from '@cairn/kernel'
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
  return Object.hasOwn(parameters, name) && (parameters[name] === value || jsonText(parameters[name]) === value)
}
