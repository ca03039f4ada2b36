import { currentBuilder } from './graph-builder.ts'
import type { NodeOptions } from './names.ts'
import type { StepNode } from './graph.ts'
import type { Handle } from './handle.ts'
import type { Step } from './step-definition.ts'

/** Adds a step to the graph that is being built, and returns the handles of its outputs. */
export function placeStep(
  step: Step,
  given: Readonly<Record<string, unknown>> = {},
  params: Readonly<Record<string, unknown>> = {},
  options: NodeOptions = {},
): Record<string, Handle<never>> {
  const builder = currentBuilder(step.name)
  builder.checkStep(step)
  const inputs = builder.wire(step.definition.inputs ?? {}, given, step.name)
  return builder.add<StepNode>({
    type: 'step',
    id: builder.name(step.name, options),
    step,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { ref }]) => [name, ref])),
    params: builder.settings(params, step.name, step.definition.params),
    outputs: step.definition.outputs,
  })
}
