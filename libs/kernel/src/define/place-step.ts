import { currentDrawing } from './drawing.ts'
import type { NodeOptions } from './names.ts'
import type { StepNode } from './graph.ts'
import type { Handle } from './handle.ts'
import type { Step } from './step-definition.ts'

/** What a call of a step does inside a pipeline's body. */
export function placeStep(
  step: Step,
  given: Readonly<Record<string, unknown>> = {},
  params: Readonly<Record<string, unknown>> = {},
  options: NodeOptions = {},
): Record<string, Handle<never>> {
  const drawing = currentDrawing(step.name)
  drawing.checkStep(step)
  const inputs = drawing.wire(step.definition.inputs ?? {}, given, step.name)
  return drawing.add<StepNode>({
    type: 'step',
    id: drawing.name(step.name, options),
    step,
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { ref }]) => [name, ref])),
    params: drawing.settings(params, step.name, step.definition.params),
    outputs: step.definition.outputs,
  })
}
