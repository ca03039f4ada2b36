import './direct-loopback.ts'
import { Command, CommanderError, Option } from 'commander'
import { CairnError } from '@cairn/kernel'
import { plainLines } from '@cairn/workspace'
import { fail } from './fail.ts'
import { rememberGiven } from './given-options.ts'
import { keepOutputForData } from './terminal/print.ts'

/** Every command's module is loaded only when the command is given: start-up is part of every command's time. */
type CommandModule = { readonly default: (...given: never[]) => Promise<void> | void }
const lazy =
  (load: () => Promise<CommandModule>) =>
  async (...given: unknown[]): Promise<void> => {
    try {
      rememberGiven(program.opts())
      if (program.opts<{ json?: boolean }>().json) keepOutputForData()
      await (await load()).default(...(given as never[]))
    } catch (error) {
      fail(error, program.opts<{ json?: boolean }>())
    }
  }

/** How Node exits when a top-level await is left without anything that could settle it. */
const NEVER_SETTLED = 13

/** A whole number that an option takes; anything else is refused by the option's name. */
const count =
  (option: string, least: number) =>
  (text: string): number => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text)
    throw new CairnError('BAD_PARAMETER', `--${option} is "${text}", not a whole number from ${least} on`, {
      next: `write it like --${option} ${Math.max(least, 4)}`,
    })
  }
const collect = (value: string, before: readonly string[] = []) => [...before, value]
const settingOptions = (command: Command) =>
  command
    .option('--set <name=value>', "a run parameter, or a step's as <step>.<name>", collect)
    .option('--params <file>', 'parameters from a JSON or YAML file')
    .option('--from <step>', 'start here: what lies before is taken from --base', collect)
    .option('--until <step>', 'stop after this step', collect)
    .option('--base <run>', 'the run whose outputs stand in for what is not run, and to compare with')
    .option('--force <step>', 'compute this step even if nothing has changed', collect)

const progressOption = () => new Option('--progress <how>', 'how to show progress').choices(['live', 'plain', 'none'])

const program = new Command('cairn')
  .description('Pipelines whose production code is the best place to explore from.')
  .version('0.1.0')
  .option('--json', 'print for programs: one JSON document on standard output')
  .option('-C, --project <folder>', 'the project, if not the one around this folder')
  .option('--store <folder>', "the store, if not the project's own (or CAIRN_STORE)")
  .option('--on <context>', 'work with the services of a context: "local" after cairn up')
  .option('--playground <name>', 'work in a playground: with its runs, too')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({ outputError: (text, write) => write(plainLines(text)) })
  .showHelpAfterError('(cairn <command> --help tells more)')

settingOptions(
  program.command('run').argument('[pipeline]').description('run a pipeline, reusing all that has not changed'),
)
  .option('--plan <run>', 'run what `cairn plan --save` has planned')
  .option('--jobs <number>', 'steps computed at one time (default: one for each core)', count('jobs', 1))
  .option('--out <folder>', "write the pipeline's outputs there as files")
  .option('--detach', 'with --on: start it and leave')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/run.ts')))
settingOptions(
  program
    .command('plan')
    .argument('[pipeline]')
    .description('tell what a run would reuse and compute, why, and how long it takes'),
)
  .option('--save', 'keep the plan, to run exactly this later')
  .action(lazy(() => import('./commands/plan.ts')))
settingOptions(
  program
    .command('why')
    .argument('[pipeline]')
    .argument('[step]', '<step>, or <step>/<item> of a step inside an each')
    .description('tell why a step or one of its items is computed again: the code, parameter or input that changed'),
).action(lazy(() => import('./commands/why.ts')))
program
  .command('play')
  .argument('[pipeline]')
  .description('run what a change of a production run touches, in a playground, and compare')
  .option('--set <name=value>', "a run parameter, or a step's as <step>.<name>", collect)
  .option('--params <file>', 'parameters from a JSON or YAML file')
  .option('--swap <step=file>', 'another step in its place: the one that a file exports (<file>#<export>)', collect)
  .option('--from <step>', 'start here: what lies before is taken from the run', collect)
  .option('--until <step>', 'stop after this step', collect)
  .option('--only <step>', 'run this step alone', collect)
  .option('--sample <step/output=rows>', 'go on with so many rows of a table, or a share: 1% (taints)', collect)
  .option('--items <each=which>', 'go on with so many items of an each, or with some: 3,ATL (taints)', collect)
  .option('--matrix <name=values>', 'every combination of values: train-model.trees=100,200', collect)
  .option('--by <metric>', 'of a matrix: the metric to rank by')
  .option('--lowest', 'of a matrix: the lowest is the best')
  .option('--base <run>', 'the run to start from (default: production, or the newest that completed)')
  .option('--at-run-code', 'what is not swapped runs with the code that the run stored')
  .option('--plan', 'only tell what would run, and why')
  .option('--watch', 'do it again each time that code is saved')
  .option('--jobs <number>', 'steps computed at one time (default: one for each core)', count('jobs', 1))
  .addOption(progressOption())
  .action(lazy(() => import('./commands/play.ts')))
program
  .command('parity')
  .argument('[pipeline]')
  .description('compute steps of a run again, with what it recorded, and compare the bytes')
  .option('--step <step>', 'this step alone (default: each)', collect)
  .option('--against <run>', 'the run (default: production, or the newest that completed)')
  .option('--twice', 'compute them twice, and compare the two')
  .action(lazy(() => import('./commands/parity.ts')))
program
  .command('promote')
  .argument('<run>', 'of a playground: <pipeline>[/<run>]')
  .description("make production give what a playground's run gave, unless something speaks against it")
  .option('--by <name>', 'who does it (default: user@machine)')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/promote.ts')))
program
  .command('rollback')
  .argument('[pipeline]')
  .description('put into production what was there before')
  .option('--by <name>', 'who does it (default: user@machine)')
  .action(lazy(() => import('./commands/rollback.ts')))
program
  .command('explore')
  .argument('[pipeline]')
  .description('look into a production run, change it and run it again, line by line (.help tells more)')
  .option('--base <run>', 'the run to start from (default: production, or the newest that completed)')
  .option('--at-run-code', 'what is not swapped runs with the code that the run stored')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/explore.ts')))
program
  .command('playgrounds')
  .description('list playgrounds and the runs that they build on')
  .option('--delete <name>', 'delete one with all that was computed there', collect)
  .action(lazy(() => import('./commands/playgrounds.ts')))
program
  .command('runs')
  .argument('[pipeline]')
  .description('list runs')
  .option('-n, --number <count>', 'how many', count('number', 1), 20)
  .option('--status <status>', 'only these: queued, running, completed, failed, cancelled', collect)
  .option('--since <when>', 'only those planned then or later: a time, or how long ago (12h)')
  .option('--until <when>', 'only those planned before then')
  .option('--param <name=value>', 'only those with this run parameter', collect)
  .option('--before <run>', 'only those older than this one: the next page')
  .action(lazy(() => import('./commands/runs.ts')))
program
  .command('show')
  .argument('<path>')
  .description('show a run, a step of it or an artifact: <pipeline>[/<run>[/<step>[/<item>][/<output>]]]')
  .action(lazy(() => import('./commands/show.ts')))
program
  .command('cat')
  .argument('<artifact>')
  .description('print an artifact: <pipeline>/<run>/<step>[/<item>][/<output>]')
  .option('-n, --rows <count>', 'rows of a table to show', count('rows', 0), 20)
  .option('--raw', 'print its bytes as they are')
  .option('-o, --out <file>', 'write its bytes to a file')
  .action(lazy(() => import('./commands/cat.ts')))
program
  .command('graph')
  .argument('[pipeline]')
  .description('draw a pipeline')
  .option('--mermaid', 'as Mermaid text')
  .action(lazy(() => import('./commands/graph.ts')))
program
  .command('diff')
  .argument('<run>')
  .argument('<other>')
  .description('compare two runs (<pipeline>/<run>): parameters, code, data, metrics')
  .option('--of <output>', 'compare what a step gave, row by row: <step>[/<output>]')
  .option('--key <column>', 'a column that tells rows apart; default: their place', collect)
  .option('--data <output>', 'of models: the table to try them on; default: the one that the next step does')
  .option('-n, --rows <count>', 'how many rows to show as examples', count('rows', 0))
  .action(lazy(() => import('./commands/diff.ts')))
program
  .command('follow')
  .argument('<run>')
  .description('show how a run on services goes: <pipeline>[/<run>]')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/follow.ts')))
program
  .command('cancel')
  .argument('<run>')
  .description('end a run on services early: <pipeline>[/<run>]')
  .action(lazy(() => import('./commands/cancel.ts')))
const letters = program.command('dead-letters').description('work with events that services could not handle')
letters
  .command('list', { isDefault: true })
  .argument('[pipeline]')
  .description('list them, the newest first, with the groups that gave them up')
  .option('-n, --number <count>', 'how many', count('number', 1), 20)
  .option('--all', 'also those that were replayed or dropped')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ list }) => ({ default: list }))))
letters
  .command('show')
  .argument('<letter>', '<pipeline>/<partition>-<offset>')
  .description('show one, with its message and why it was given up')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ show }) => ({ default: show }))))
letters
  .command('replay')
  .argument('<letter>', '<pipeline>/<partition>-<offset>')
  .description('hand it once more to the groups that gave it up, and to no others')
  .option('--group <name>', 'to this group alone')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ replay }) => ({ default: replay }))))
letters
  .command('drop')
  .argument('<letter>', '<pipeline>/<partition>-<offset>')
  .description('say that nothing is to be done about it any more')
  .option('--group <name>', 'for this group alone')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ drop }) => ({ default: drop }))))
letters
  .command('export')
  .argument('[pipeline]')
  .description('print all of them with their messages, as JSON lines')
  .option('--all', 'also those that were replayed or dropped')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ exportAll }) => ({ default: exportAll }))))
for (const [verb, what] of [
  ['push', 'bring what runs of this machine computed to services, to be reused there'],
  ['pull', 'bring runs of services to this machine, to be reused here'],
] as const)
  program
    .command(verb)
    .argument('[run]', '<pipeline>[/<run>]; default: the newest of every pipeline')
    .description(what)
    .option('-n, --runs <count>', 'newest runs of each pipeline', count('runs', 1), 1)
    .action(lazy(() => (verb === 'push' ? import('./commands/push.ts') : import('./commands/pull.ts'))))
program
  .command('up')
  .argument('[pipelines...]')
  .description('start the services of this project on this machine: the context "local"')
  .option('--docker', 'Kafka and MinIO from their images')
  .action(lazy(() => import('./commands/up.ts')))
program
  .command('down')
  .description('stop the services of this machine; what they stored stays')
  .action(lazy(() => import('./commands/down.ts')))
program
  .command('status')
  .description('tell how the services of this machine are')
  .action(lazy(() => import('./commands/status.ts')))
program
  .command('logs')
  .argument('[path]', '<pipeline>/<run>[/<step>[/<item>]], or a service of this machine')
  .description('print what the steps of a run printed, or what the services of this machine log')
  .option('-f, --follow', 'go on as more is logged')
  .option('-n, --lines <count>', 'the last lines only (default of services: 20 of each)', count('lines', 0))
  .action(lazy(() => import('./commands/logs.ts')))
program
  .command('gc')
  .description('remove old runs and what nothing refers to any more')
  .option('--keep-runs <count>', 'newest runs of each pipeline that stay', count('keep-runs', 0), 20)
  .option('--keep <time>', 'younger runs and checkpoints stay, too', '30d')
  .option('--grace <time>', 'how long what nothing refers to is set aside before it is deleted', '1d')
  .option('--dry-run', 'only tell')
  .action(lazy(() => import('./commands/gc.ts')))
program
  .command('lint')
  .description('check that every pipeline of the project can be planned; names each fault by file and line')
  .action(lazy(() => import('./commands/lint.ts')))
program
  .command('doctor')
  .description('check the store: every record and every byte; --on a context, its services and their store')
  .option('--bytes [share]', 'how many of the stored bytes to read (default: 100%, on services 5%)')
  .option('--repair', 'take out of use what is broken')
  .action(lazy(() => import('./commands/doctor.ts')))
program
  .command('new')
  .argument('<what>', 'step or pipeline')
  .argument('<name>')
  .description('write a new step or pipeline, with its test')
  .option('--in <folder>', 'where to (default: beside the other pipelines)')
  .action(lazy(() => import('./commands/new.ts')))
program
  .command('completion')
  .argument('[shell]', 'bash, zsh or fish')
  .description("print the shell's completion script")
  .action(lazy(() => import('./commands/completion.ts')))
program
  .command('complete', { hidden: true })
  .argument('[words...]')
  .allowUnknownOption()
  .action(lazy(() => import('./commands/complete.ts')))

process.once('exit', (code) => {
  if (code !== NEVER_SETTLED) return
  const message = 'a module of the project waits, at its top level, for what never comes'
  const next = 'look at each await outside functions in the modules that the pipeline imports'
  fail(new CairnError('BAD_DEFINITION', message, { next }), program.opts<{ json?: boolean }>())
})

try {
  await program.parseAsync()
} catch (error) {
  // Commander has told already what was wrong with the words; help and version are no errors.
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0 && process.argv.includes('--json'))
      fail(new CairnError('BAD_PARAMETER', error.message, { next: 'cairn --help tells what there is' }), { json: true })
    process.exitCode = error.exitCode
  } else fail(error, program.opts<{ json?: boolean }>())
}
