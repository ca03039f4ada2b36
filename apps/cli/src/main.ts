import './direct-loopback.ts'
import { Command, CommanderError } from 'commander'
import { CairnError } from '@cairn/kernel'
import { escapedLines } from '@cairn/workspace'
import { fail } from './fail.ts'
import { setGivenOptions } from './given-options.ts'
import { collect, count, progressOption, settingOptions } from './options.ts'
import { keepOutputForData } from './terminal/print.ts'

/** Loads the module of a command only when it is called, to keep start-up fast. */
type CommandModule = { readonly default: (...given: never[]) => Promise<void> | void }
const lazy =
  (load: () => Promise<CommandModule>) =>
  async (...given: unknown[]): Promise<void> => {
    try {
      setGivenOptions(program.opts())
      if (program.opts<{ json?: boolean }>().json) keepOutputForData()
      await (await load()).default(...(given as never[]))
    } catch (error) {
      fail(error, program.opts<{ json?: boolean }>())
    }
  }

/** Node's exit code if a top-level await can never settle. */
const NEVER_SETTLED = 13

const program = new Command('cairn')
  .description('Run ML pipelines, explore from production code, and promote what you tried.')
  .version('0.1.0')
  .option('--json', 'print one JSON document on standard output')
  .option('-C, --project <folder>', 'project folder (default: the project that contains the current folder)')
  .option('--store <folder>', "store folder (default: CAIRN_STORE, or the project's store)")
  .option('--on <context>', 'run the command on the services of a context, for example local after cairn up')
  .option('--playground <name>', 'work in a playground')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({ outputError: () => {} }) // reported by reportUsageError

settingOptions(
  program.command('run').argument('[pipeline]').description('run a pipeline and reuse every step that did not change'),
)
  .option('--plan <run>', 'run a plan saved by cairn plan --save')
  .option('--jobs <number>', 'maximum number of steps computed at once (default: number of cores)', count('jobs', 1))
  .option('--out <folder>', "write the pipeline's outputs to this folder")
  .option('--detach', 'with --on: start the run and return')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/run.ts')))
settingOptions(
  program
    .command('plan')
    .argument('[pipeline]')
    .description('show what a run would reuse or compute, why, and the expected time'),
)
  .option('--save', 'save the plan to run it later')
  .action(lazy(() => import('./commands/plan.ts')))
settingOptions(
  program
    .command('why')
    .argument('[pipeline]')
    .argument('[step]', '<step>, or <step>/<item> inside an each')
    .description('show which code, parameter or input change makes a step or item run again'),
).action(lazy(() => import('./commands/why.ts')))
program
  .command('play')
  .argument('[pipeline]')
  .description('re-run a production run with changes in a playground and compare')
  .option('--set <name=value>', 'set a run parameter, or a step parameter as <step>.<name>', collect)
  .option('--params <file>', 'read parameters from a JSON or YAML file')
  .option('--swap <step=file>', 'replace a step by the one that a file exports (<file>#<export>)', collect)
  .option('--from <step>', 'start at this step; earlier steps are taken from the base run', collect)
  .option('--until <step>', 'stop after this step', collect)
  .option('--only <step>', 'run only this step', collect)
  .option(
    '--sample <step/output=rows>',
    'continue with a sample of a table: a row count or a percentage, such as 1% (never promotable)',
    collect,
  )
  .option(
    '--items <each=which>',
    'continue with some items of an each: a count, or names such as 3,ATL (never promotable)',
    collect,
  )
  .option('--matrix <name=values>', 'run every combination of values, such as train-model.trees=100,200', collect)
  .option('--by <metric>', 'metric to rank the runs of a matrix by')
  .option('--lowest', 'rank the lowest value of the metric first')
  .option('--base <run>', 'run to start from (default: the production run, or the newest completed run)')
  .option('--at-run-code', 'use the code stored with the run for all steps that are not swapped')
  .option('--plan', 'only show what would run, and why')
  .option('--watch', 'repeat each time a source file is saved')
  .option('--jobs <number>', 'maximum number of steps computed at once (default: number of cores)', count('jobs', 1))
  .addOption(progressOption())
  .action(lazy(() => import('./commands/play.ts')))
program
  .command('parity')
  .argument('[pipeline]')
  .description('compute steps of a run again from their recorded inputs and compare the bytes')
  .option('--step <step>', 'only this step (default: all steps)', collect)
  .option('--against <run>', 'run to check (default: the production run, or the newest completed run)')
  .option('--twice', 'compute each step twice and compare the results')
  .action(lazy(() => import('./commands/parity.ts')))
program
  .command('promote')
  .argument('<run>', 'run of a playground: <pipeline>[/<run>]')
  .description('promote a playground run to production after checks')
  .option('--by <name>', 'name to record (default: user@machine)')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/promote.ts')))
program
  .command('rollback')
  .argument('[pipeline]')
  .description('restore the previous production run')
  .option('--by <name>', 'name to record (default: user@machine)')
  .action(lazy(() => import('./commands/rollback.ts')))
program
  .command('explore')
  .argument('[pipeline]')
  .description('inspect, change and re-run a production run interactively (see .help)')
  .option('--base <run>', 'run to start from (default: the production run, or the newest completed run)')
  .option('--at-run-code', 'use the code stored with the run for all steps that are not swapped')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/explore.ts')))
program
  .command('playgrounds')
  .description('list playgrounds and their base runs')
  .option('--delete <name>', 'delete a playground and everything computed in it', collect)
  .action(lazy(() => import('./commands/playgrounds.ts')))
program
  .command('runs')
  .argument('[pipeline]')
  .description('list runs')
  .option('-n, --number <count>', 'maximum number to list', count('number', 1), 20)
  .option('--status <status>', 'only runs with this status: queued, running, completed, failed or cancelled', collect)
  .option('--since <when>', 'only runs planned since then: a time, or an age such as 12h')
  .option('--until <when>', 'only runs planned before then: a time, or an age such as 12h')
  .option('--param <name=value>', 'only runs with this parameter value', collect)
  .option('--before <run>', 'only runs older than this one (next page)')
  .action(lazy(() => import('./commands/runs.ts')))
program
  .command('show')
  .argument('<path>')
  .description('show a run, a step or an artifact: <pipeline>[/<run>[/<step>[/<item>][/<output>]]]')
  .action(lazy(() => import('./commands/show.ts')))
program
  .command('cat')
  .argument('<artifact>')
  .description('print an artifact: <pipeline>/<run>/<step>[/<item>][/<output>]')
  .option('-n, --rows <count>', 'number of rows to show', count('rows', 0), 20)
  .option('--raw', 'print the raw bytes')
  .option('-o, --out <file>', 'write the bytes to a file')
  .action(lazy(() => import('./commands/cat.ts')))
program
  .command('graph')
  .argument('[pipeline]')
  .description('show the graph of a pipeline')
  .option('--mermaid', 'print it as Mermaid text')
  .action(lazy(() => import('./commands/graph.ts')))
program
  .command('diff')
  .argument('<run>')
  .argument('<other>')
  .description('compare parameters, code, data and metrics of two runs (<pipeline>/<run>)')
  .option('--of <output>', 'compare an output row by row: <step>[/<output>]')
  .option('--key <column>', 'column that identifies a row (default: its position)', collect)
  .option('--data <output>', 'table to evaluate models on (default: the one that the next step uses)')
  .option('-n, --rows <count>', 'number of example rows to show', count('rows', 0))
  .action(lazy(() => import('./commands/diff.ts')))
program
  .command('follow')
  .argument('<run>')
  .description('follow a run on services: <pipeline>[/<run>]')
  .addOption(progressOption())
  .action(lazy(() => import('./commands/follow.ts')))
program
  .command('cancel')
  .argument('<run>')
  .description('cancel a run on services: <pipeline>[/<run>]')
  .action(lazy(() => import('./commands/cancel.ts')))
const letters = program
  .command('dead-letters')
  .description('list, inspect, replay or drop events that services could not handle')
letters
  .command('list', { isDefault: true })
  .argument('[pipeline]')
  .description('list dead letters, newest first, with the groups that gave them up')
  .option('-n, --number <count>', 'maximum number to list', count('number', 1), 20)
  .option('--all', 'include replayed and dropped ones')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ list }) => ({ default: list }))))
letters
  .command('show')
  .argument('<letter>', '<pipeline>/<partition>-<offset>')
  .description('show a dead letter, its message and its error')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ show }) => ({ default: show }))))
for (const [verb, what, group] of [
  ['replay', 'deliver dead letters again to the groups that gave them up', 'only to this group'],
  ['drop', 'mark dead letters as dropped', 'only for this group'],
] as const)
  letters
    .command(verb)
    .argument('<letter>', '<pipeline>/<partition>-<offset>, or <pipeline> for all waiting ones')
    .description(what)
    .option('--group <name>', group)
    .option('--run <run>', 'with <pipeline>: only those of this run')
    .action(lazy(() => import('./commands/dead-letters.ts').then(({ decide }) => ({ default: decide(verb) }))))
letters
  .command('export')
  .argument('[pipeline]')
  .description('print waiting dead letters with their messages as JSON lines')
  .option('--all', 'include replayed and dropped ones')
  .action(lazy(() => import('./commands/dead-letters.ts').then(({ exportAll }) => ({ default: exportAll }))))
for (const [verb, what] of [
  ['push', 'copy results of local runs to services for reuse'],
  ['pull', 'copy runs from services to this machine for reuse'],
] as const)
  program
    .command(verb)
    .argument('[run]', '<pipeline>[/<run>] (default: the newest run of every pipeline)')
    .description(what)
    .option('-n, --runs <count>', 'number of newest runs to copy for each pipeline', count('runs', 1), 1)
    .action(lazy(() => (verb === 'push' ? import('./commands/push.ts') : import('./commands/pull.ts'))))
program
  .command('up')
  .argument('[pipelines...]')
  .description('start the services of this project on this machine (context local)')
  .option('--docker', 'run Kafka and MinIO from Docker images')
  .action(lazy(() => import('./commands/up.ts')))
program
  .command('down')
  .description('stop the services on this machine; stored data is kept')
  .action(lazy(() => import('./commands/down.ts')))
program
  .command('status')
  .description('show the status of the services on this machine')
  .action(lazy(() => import('./commands/status.ts')))
program
  .command('logs')
  .argument('[path]', '<pipeline>/<run>[/<step>[/<item>]], or the name of a local service')
  .description('show the logs of the steps of a run, or of services on this machine')
  .option('-f, --follow', 'keep printing new lines')
  .option('-n, --lines <count>', 'only the last lines (default for services: 20 each)', count('lines', 0))
  .action(lazy(() => import('./commands/logs.ts')))
program
  .command('gc')
  .description('remove old runs and unreferenced data')
  .option('--keep-runs <count>', 'number of newest runs to keep for each pipeline', count('keep-runs', 0), 20)
  .option('--keep <time>', 'also keep runs and checkpoints younger than this', '30d')
  .option('--grace <time>', 'time that unreferenced data stays in the trash before it is deleted', '2d')
  .option('--dry-run', 'only show what would be removed')
  .action(lazy(() => import('./commands/gc.ts')))
program
  .command('lint')
  .description('check that every pipeline can be planned; report faults with file and line')
  .action(lazy(() => import('./commands/lint.ts')))
program
  .command('check')
  .description('check the types of the project, and that every pipeline can be planned')
  .action(lazy(() => import('./commands/check.ts')))
program
  .command('doctor')
  .description('check every record and byte of the store; with --on, also the services')
  .option('--bytes [share]', 'share of the stored bytes to read (default: 100%, on services 5%)')
  .option('--repair', 'move damaged records and objects to quarantine')
  .action(lazy(() => import('./commands/doctor.ts')))
program
  .command('new')
  .argument('<what>', 'step, pipeline, connector or kind')
  .argument('<name>')
  .description('create a step, pipeline, connector or kind, and its test')
  .option('--in <folder>', 'target folder (default: next to the other pipelines)')
  .action(lazy(() => import('./commands/new.ts')))
program
  .command('completion')
  .argument('[shell]', 'bash, zsh or fish')
  .description('print the completion script for a shell')
  .action(lazy(() => import('./commands/completion.ts')))
program
  .command('complete', { hidden: true })
  .argument('[words...]')
  .allowUnknownOption()
  .action(lazy(() => import('./commands/complete.ts')))

process.once('exit', (code) => {
  if (code !== NEVER_SETTLED) return
  const message = 'a module of the project awaits a promise at top level that never settles'
  const next = 'check every top-level await in the modules that the pipeline imports'
  fail(new CairnError('BAD_DEFINITION', message, { next }), program.opts<{ json?: boolean }>())
})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0 && error.code !== 'commander.help') reportUsageError(error)
    process.exitCode = error.exitCode
  } else fail(error, program.opts<{ json?: boolean }>())
}

/** Reports a command line that cannot be parsed. */
function reportUsageError({ message }: CommanderError): void {
  const names = new Set(program.commands.map((command) => command.name()))
  const name = process.argv.slice(2).find((word) => names.has(word))
  const what = escapedLines(message.replace(/^error: /, '').replaceAll('\n', ' '))
  const next = `cairn ${name === undefined ? '' : `${name} `}--help`
  fail(new CairnError('BAD_PARAMETER', what, { next }), { json: process.argv.includes('--json') })
}
