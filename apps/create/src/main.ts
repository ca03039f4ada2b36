import { parseArgs } from 'node:util'
import { askFor } from './ask.ts'
import { createProject, plannedFiles } from './create-project.ts'
import { installPackages, managerOf } from './package-manager.ts'
import { refuse, Refusal } from './refusal.ts'

const USAGE = `usage: npm create cairn@latest [<folder>] [-- <options>]

Creates a project with a pipeline, its test, type checks, lint rules and a CI workflow, and installs its packages.

  --yes         ask nothing; without <folder>, the folder is my-pipelines
  --no-install  do not install the packages
  --dry-run     only list the files
  --help        print this`

async function main(): Promise<void> {
  const { folder, options } = readArguments()
  if (options.help) return console.log(USAGE)
  const place = folder ?? (options.yes ? DEFAULT_FOLDER : await askFor('Folder of the project', DEFAULT_FOLDER))
  if (options['dry-run']) return console.log(plannedFiles(place).join('\n'))
  const written = createProject(place)
  for (const file of written) console.log(`wrote  ${file}`)
  const manager = managerOf(process.env['npm_config_user_agent'])
  const isInstalled = !options['no-install']
  if (isInstalled) await installPackages(manager, place)
  const steps = [
    ...(place === '.' ? [] : [`cd ${shellWord(place)}`]),
    ...(isInstalled ? [] : [`${manager} install`]),
    `${manager} start`,
  ]
  console.log(`next   ${steps.join('\n       ')}`)
}

const DEFAULT_FOLDER = 'my-pipelines'

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        yes: { type: 'boolean', short: 'y' },
        'no-install': { type: 'boolean' },
        'dry-run': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (positionals.length > 1) throw new Error(`one folder is expected, not ${positionals.length}`)
    return { folder: positionals[0], options: values }
  } catch (error) {
    return refuse((error as Error).message.split('. ')[0]!, 'npm create cairn@latest -- --help')
  }
}

/** A word as a shell reads it. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

try {
  await main()
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(`error  ${error.message}\nnext   ${error.next}`)
  process.exitCode = 1
}
