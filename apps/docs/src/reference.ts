import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Application, type TypeDocOptions } from 'typedoc'
import { GENERATED, ROOT, SITE } from './folders.ts'
import { slug } from './slug.ts'

/** The modules that users import: their sources, by name. */
const MODULES: ReadonlyMap<string, string> = new Map([
  ['cairn', 'libs/cairn/src/index.ts'],
  ['cairn/kinds', 'libs/cairn/src/kinds.ts'],
  ['cairn/kinds/testing', 'libs/cairn/src/kinds-testing.ts'],
  ['cairn/connectors', 'libs/cairn/src/connectors.ts'],
  ['cairn/explore', 'libs/cairn/src/explore.ts'],
  ['cairn/testing', 'libs/cairn/src/testing.ts'],
  ['@cairn/consumer', 'libs/consumer/src/index.ts'],
  ['@cairn/consumer/connect', 'libs/consumer/src/connect.ts'],
  ['@cairn/stage', 'libs/stage/src/index.ts'],
])

/** Names of the modules for users, by the names that TypeDoc derives from their paths in `libs`. */
const NAMES = new Map([...MODULES].map(([name, file]) => [/^libs\/(.*?)(\/index)?\.ts$/.exec(file)![1]!, name]))

/** Writes the pages that are made from other files: the public API, from its comments, and the changelog. */
export async function writeReference(): Promise<void> {
  rmSync(GENERATED, { recursive: true, force: true })
  mkdirSync(GENERATED, { recursive: true })
  await writeApi()
  copyFileSync(join(ROOT, 'CHANGELOG.md'), join(GENERATED, 'changelog.md'))
}

async function writeApi(): Promise<void> {
  const options = {
    entryPoints: [...MODULES.values()].map((file) => join(ROOT, file)),
    tsconfig: join(SITE, 'tsconfig.api.json'),
    plugin: ['typedoc-plugin-markdown'],
    out: GENERATED,
    router: 'module',
    skipErrorChecking: true, // the type check is a check of its own
    name: 'API',
    readme: 'none',
    logLevel: 'Error',
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeScopesInPaths: true,
    flattenOutputFiles: true, // otherwise an export and a module of the same name get in each other's way
    hideBreadcrumbs: true,
    hidePageHeader: true,
    entryFileName: 'index',
    useCodeBlocks: true,
    interfacePropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    parametersFormat: 'table',
  }
  const app = await Application.bootstrapWithPlugins(options as Partial<TypeDocOptions>)
  const project = await app.convert()
  if (project === undefined) throw new Error('TypeDoc cannot read the sources')
  for (const module of project.children ?? []) module.name = NAMES.get(module.name)!
  await app.generateOutputs(project)
  for (const file of globSync('*.md', { cwd: GENERATED })) correctAnchors(join(GENERATED, file))
}

/** Equal headings, such as `Step` and `step`, are numbered from 1 by VitePress, and with gaps by TypeDoc. */
function correctAnchors(path: string): void {
  const text = readFileSync(path, 'utf8')
  const count = new Map<string, number>()
  for (const [, heading] of text.matchAll(/^#+ (.+)$/gm)) {
    const anchor = slug(heading!)
    count.set(anchor, (count.get(anchor) ?? 0) + 1)
  }
  const corrected = text.replaceAll(/\]\(#([\w-]+)-(\d+)\)/g, (link, anchor: string, number: string) =>
    Number(number) < (count.get(anchor) ?? Infinity) ? link : `](#${anchor}-${count.get(anchor)! - 1})`,
  )
  writeFileSync(path, corrected)
}
