import { fieldNames } from '@cairn/kernel/contract'
import type { Json, Pipeline } from '@cairn/kernel'
import type { Plan } from '@cairn/records'

/** A parameter to try with another valid value: `train-model.trees=200`. Taken from the last step, as that costs least. */
export async function parameterToTry({ graph }: Pipeline, { nodes }: Plan): Promise<string | undefined> {
  for (const [id, node] of [...graph.nodes].reverse()) {
    const schema = node.type === 'step' ? node.step.definition.params : undefined
    const planned = nodes[id]
    if (!schema || planned?.type !== 'step') continue
    for (const name of fieldNames(schema) ?? [])
      for (const value of others(planned.params[name])) {
        const { issues } = await schema['~standard'].validate({ ...planned.params, [name]: value })
        if (!issues) return `${id}.${name}=${JSON.stringify(value)}`
      }
  }
  return undefined
}

function others(value: Json | undefined): Json[] {
  if (typeof value === 'boolean') return [!value]
  return typeof value === 'number' && value !== 0 ? [value * 2, value / 2] : []
}
