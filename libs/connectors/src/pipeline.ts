import { CairnError, checkNoOptions, type Connector, type Kind } from '@cairn/kernel'
import { checkText } from './check-text.ts'

/**
 * Connects a source to an output of another pipeline's production run, in the same environment. Planning pins the run:
 * the source runs again when the output of a later production run differs. The plan records the run that was read.
 *
 * @param pipeline the name of the pipeline
 * @param output an output of the pipeline, or of one of its steps: `<step>/<output>`
 * @param kind the kind of the output; the pipeline must declare one that can be read as this
 * @throws CairnError BAD_DEFINITION for a wrong argument
 * @throws CairnError SOURCE_UNREACHABLE when a run is planned and the pipeline has no production run, no such output, or
 *   one of another kind
 * @example
 * reads: { features: fromPipeline('flight-delays', 'extract-features/features', Features) }
 */
export function fromPipeline<Read>(pipeline: string, output: string, kind: Kind<Read, never>): Connector<Read>
export function fromPipeline<Read>(
  pipeline: string,
  output: string,
  kind: Kind<Read, never>,
  ...more: readonly unknown[]
): Connector<Read> {
  checkNoOptions(more, 'fromPipeline')
  const example = `fromPipeline('flight-delays', 'model', model())`
  for (const text of [pipeline, output]) checkText(text, 'fromPipeline', example)
  if (typeof (kind as Partial<Kind<Read, never>> | undefined)?.decode !== 'function')
    throw new CairnError('BAD_DEFINITION', 'fromPipeline takes the kind of the output as its third argument', {
      next: `write it like ${example}`,
    })
  const name = `${pipeline}/production/${output}`
  return {
    name,
    production: { pipeline, output, kind },
    open() {
      throw new CairnError('BAD_DEFINITION', `${name} can only be read in a run`, {
        next: 'in a test, pass its value to the steps that use it',
      })
    },
  }
}
