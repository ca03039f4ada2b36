import { comparePlans, planLines, type Difference, type PlanLine } from '@cairn/workspace'
import {
  CairnError,
  isStep,
  type AnySchema,
  type SampleSize,
  type Kinds,
  type Read,
  type SchemaInput,
  type Step,
  type StepArguments,
  type Handles,
  type Wired,
  type Write,
} from '@cairn/kernel'
import type { Graph } from '@cairn/kernel/contract'
import { makePlan, nodeNamed, mergedSettings } from '@cairn/planner'
import type { Plan } from '@cairn/records'
import { NO_EDITS, type Edits, type Override } from './edits.ts'
import { cut, setValue, someItems, type Which } from './overrides.ts'
import { outputFor, inputFor, type Item } from './items.ts'
import { LabRun, runEdits, type LabRunOptions } from './lab-run.ts'
import { runMatrix, type Leaderboard, type MatrixOptions, type Variants } from './matrix.ts'
import { idsOf, inputAt, nodeOf, outputAt, outputNamed, stepNamed, type StepOrNode } from './step-or-node.ts'
import { swapStep } from './swap.ts'
import { planEdits, type PlannedEdits } from './plan-edits.ts'
import type { Session } from './session.ts'
import { openIn, valueOf } from './values.ts'

export type { StepOrNode }

/** A step that can replace another: it needs only inputs that are wired there, and has all outputs that are read. */
export type Replacement<I extends Kinds, S extends AnySchema, O extends Kinds> = Step &
  ((inputs: Wired<I>, ...rest: StepArguments<SchemaInput<S>>) => Handles<O>)

/**
 * A production run together with changes. Each change returns a new lab; a lab itself never changes. Nothing is
 * computed before `run`.
 */
export class Lab<S extends AnySchema = AnySchema> {
  readonly session: Session
  readonly edits: Edits

  constructor(session: Session, edits: Edits = NO_EDITS) {
    this.session = session
    this.edits = edits
  }

  /** The explored run. */
  get base(): string {
    return this.session.base.run
  }

  /**
   * Returns an output of a step in the explored run, as a later step would receive it. Objects are fetched on demand.
   *
   * @param item for a step inside an `each`: the item, by index or label
   */
  value<O extends Kinds, Name extends keyof O & string>(
    step: Step<any, any, O>,
    output: Name,
    item?: Item,
  ): Promise<Read<O[Name]>>
  value(step: string, output: string, item?: Item): Promise<unknown>
  async value(step: StepOrNode, output: string, item?: Item): Promise<unknown> {
    const node = isStep(step) ? nodeOf(this.#today, step) : nodeNamed(this.#today, step)
    const { ref, kind } = outputAt(node, output)
    if (item !== undefined)
      return kind.decode(openIn(this.session, await outputFor(this.session, nodeOf(this.#today, step), output, item)))
    if (node.scope.length > 0)
      throw new CairnError('BAD_PARAMETER', `${node.id} runs once for each item of ${node.scope.at(-1)}`, {
        next: `choose an item by index or label: value('${node.id}', '${output}', 0); or read the output of ${node.scope[0]}`,
      })
    return valueOf(this.session, this.session.base, ref, kind)
  }

  /**
   * Returns an input of a step in the explored run.
   *
   * @param item for a step inside an `each`: the item, by index or label
   */
  input<I extends Kinds, Name extends keyof I & string>(step: Step<I>, input: Name, item?: Item): Promise<Read<I[Name]>>
  input(step: string, input: string, item?: Item): Promise<unknown>
  async input(step: StepOrNode, input: string, item?: Item): Promise<unknown> {
    const node = nodeOf(this.#today, step)
    const { ref, kind } = inputAt(node, input)
    if (item === undefined) return valueOf(this.session, this.session.base, ref, kind)
    return kind.decode(openIn(this.session, await inputFor(this.session, node, ref, item)))
  }

  /**
   * Replaces a step at all its nodes.
   *
   * @param file the module that exports the new step, if the running script is not that module and does not import it
   */
  swap<I extends Kinds, P extends AnySchema, O extends Kinds>(
    step: Step<I, P, O>,
    by: NoInfer<Replacement<I, P, O>>,
    file?: string,
  ): Lab<S>
  swap(step: string, by: Step, file?: string): Lab<S>
  swap(step: StepOrNode, by: Step, file?: string): Lab<S> {
    const { name } = isStep(step) ? step : stepNamed(this.#graph, step)
    const others = this.edits.swaps.filter((swap) => swap.step !== name)
    return this.#with({ swaps: [...others, { step: name, by, file }] })
  }

  /**
   * The graph of the pipeline with the steps of this lab.
   *
   * @throws CairnError BAD_WIRING if a step does not fit
   */
  get graph(): Graph {
    return this.edits.swaps.reduce((graph, { step, by }) => swapStep(graph, step, by).graph, this.#graph)
  }

  /** The step with a name: of a node, or else its own. @throws CairnError NOT_FOUND with the nearest name */
  stepNamed(name: string): Step {
    return stepNamed(this.#graph, name)
  }

  /** Sets parameters of a step or of the pipeline. */
  params<P extends AnySchema>(step: Step<any, P>, values: Partial<SchemaInput<P>>): Lab<S>
  params(step: string, values: Readonly<Record<string, unknown>>): Lab<S>
  params(values: Partial<SchemaInput<S>>): Lab<S>
  params(step: StepOrNode | Partial<SchemaInput<S>>, values?: Readonly<Record<string, unknown>>): Lab<S> {
    const given = Object.entries(values ?? (step as Readonly<Record<string, unknown>>))
    const prefix = values ? `${nodeOf(this.#graph, step as StepOrNode).id}.` : ''
    return this.settings(Object.fromEntries(given.map(([name, value]) => [prefix + name, value])))
  }

  /** Sets parameters by their paths: `{ 'train-model.trees': 400, year: 2002 }`. */
  settings(settings: Readonly<Record<string, unknown>>): Lab<S> {
    return this.#with({ settings: mergedSettings(this.#graph, this.edits.settings, settings) })
  }

  /** Sets an output of a step by hand. A run with it is tainted: it can never be promoted. */
  set<O extends Kinds, Name extends keyof O & string>(
    step: Step<any, any, O>,
    output: Name,
    value: Write<O[Name]>,
  ): Lab<S>
  set(step: string, output: string, value: unknown): Lab<S>
  set(step: StepOrNode, output: string, value: unknown): Lab<S> {
    const node = nodeOf(this.#graph, step)
    return this.#override(setValue(node, output, outputAt(nodeOf(this.#today, step), output).kind, value))
  }

  /** Samples the rows of an output by a hash of the row number. Taints the run. */
  sample<O extends Kinds>(step: Step<any, any, O> | string, output: keyof O & string, size: SampleSize): Lab<S> {
    const node = nodeOf(this.#graph, step as StepOrNode)
    return this.#override(cut(node, output, outputAt(nodeOf(this.#today, step as StepOrNode), output).kind, size))
  }

  /** Selects items of an `each`: a number of first items, or by index or label. Taints the run. */
  items(each: string, which: Which): Lab<S> {
    const named = nodeNamed(this.#graph, each)
    const node = named.type === 'each' ? named : nodeNamed(this.#graph, named.scope[0] ?? each)
    if (node.type !== 'each')
      throw new CairnError('BAD_PARAMETER', `${each} is not an each and not inside one`, {
        next: `cairn graph ${this.#graph.name}`,
      })
    if ('item' in node.over)
      throw new CairnError('BAD_PARAMETER', `${each} maps over a list that differs for each item of an outer each`)
    const { node: maker, output } = node.over
    return this.#override(someItems(nodeOf(this.#graph, maker), output, node.id, which))
  }

  /** The name of the output of a step that has a single output. */
  onlyOutput(path: string): string {
    return outputNamed(this.#graph, path).output
  }

  /** Starts at this step. The outputs of earlier steps come from the explored run. */
  from(...steps: readonly StepOrNode[]): Lab<S> {
    return this.#with({ from: [...this.edits.from, ...idsOf(this.#graph, steps)] })
  }

  /** Stops after this step. */
  until(...steps: readonly StepOrNode[]): Lab<S> {
    return this.#with({ until: [...this.edits.until, ...idsOf(this.#graph, steps)] })
  }

  /** Runs only this step. */
  only(...steps: readonly StepOrNode[]): Lab<S> {
    return this.from(...steps).until(...steps)
  }

  /** Returns what a run would reuse and compute, and why. Computes nothing. */
  async plan(): Promise<PlanLine[]> {
    const { planned } = await this.planned()
    return planLines(this.session.workspace, planned)
  }

  planned(): Promise<PlannedEdits> {
    return planEdits(this.session, this.edits)
  }

  /**
   * Runs everything that the changes affect, in this process. The rest is reused from checkpoints.
   *
   * @throws CairnError of the first step that failed
   */
  run(options: LabRunOptions = {}): Promise<LabRun> {
    return runEdits(this.session, this.edits, options)
  }

  /** Runs all variants of some parameters, sorted by a metric. Steps that variants share are computed once. */
  matrix(variants: Variants, options: MatrixOptions = {}): Promise<Leaderboard> {
    return runMatrix(this.session, this.edits, variants, options)
  }

  /** Returns where the current code and parameters differ from those of the explored run. */
  async differences(): Promise<Difference[]> {
    const { workspace, base, graph, closures } = this.session
    const { settings = {} } = base
    const today = await makePlan(
      workspace.planner(closures),
      { graph },
      {
        run: base.run,
        env: base.env,
        settings,
        pinned: base,
      },
    )
    // A run of a part of the pipeline contains nothing about the rest.
    const nodes = isWhole(base, today)
      ? today.nodes
      : Object.fromEntries(Object.entries(today.nodes).filter(([id]) => id in base.nodes))
    return comparePlans(workspace, base, { ...today, nodes })
  }

  get #graph() {
    return this.session.graph
  }

  /** As the pipeline stands: its kinds can read and write. */
  get #today() {
    return this.session.loaded.pipeline.graph
  }

  #with(edits: Partial<Edits>): Lab<S> {
    return new Lab(this.session, { ...this.edits, ...edits })
  }

  #override(override: Override): Lab<S> {
    const isOfAnotherEach = ({ each }: Override) =>
      each !== undefined && override.each !== undefined && each !== override.each
    const others = this.edits.overrides.filter(
      (other) => other.node !== override.node || other.output !== override.output || isOfAnotherEach(other),
    )
    return this.#with({ overrides: [...others, override] })
  }
}

function isWhole(base: Plan, today: Plan): boolean {
  const isPart = Object.values(base.nodes).some(({ type }) => type === 'given')
  return !isPart && Object.keys(today.outputs).every((output) => output in base.outputs)
}
