import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DefaultTheme } from 'vitepress'
import { PAGES } from './folders.ts'

interface Entry {
  readonly text: string
  readonly link: string
}

interface Group {
  readonly text: string
  /** Pages of `docs`, without `.md`, in their order. */
  readonly pages: readonly string[]
}

/** The groups of the sidebar. Decisions are found in their folder. */
export const GROUPS: readonly Group[] = [
  { text: 'Start', pages: ['start', 'tutorial', 'concepts'] },
  {
    text: 'Guides',
    pages: ['guides/pipelines', 'guides/artifact-kinds', 'guides/checkpoints', 'guides/exploring', 'consumers'],
  },
  {
    text: 'Coming from',
    pages: ['metaflow', 'dagster', 'kedro', 'dvc', 'airflow'].map((tool) => `coming-from/${tool}`),
  },
  { text: 'Reference', pages: ['guides/command-line', 'rest', 'consumers/records'] },
  { text: 'Operations', pages: ['guides/services', 'compose', 'security', 'faults', 'tracking'] },
  { text: 'Architecture', pages: ['architecture', 'benchmarks'] },
  { text: 'Decisions', pages: pagesIn('decisions') },
]

// Pages that the build writes.
const API: Entry = { text: 'API', link: '/reference/' }
const CHANGELOG: Entry = { text: 'Changelog', link: '/reference/changelog' }

/** Short names of pages, where the sidebar does not show their heading. */
const NAMES: Readonly<Record<string, string>> = {
  tutorial: 'Tutorial',
  'guides/exploring': 'Exploring',
}

/**
 * The sidebar. Decisions and the API have one of their own, as they are long. No group can be collapsed: VitePress nests a
 * button in a button for it, which screen readers do not announce.
 */
export function sidebar(): DefaultTheme.SidebarMulti {
  const groups = new Map(GROUPS.map(({ text, pages }) => [text, { text, items: pages.map(entryOf) }]))
  const decisions = groups.get('Decisions')!
  groups.delete('Decisions')
  groups.get('Architecture')!.items.push({ text: 'Decisions', link: decisions.items[0]!.link })
  groups.get('Reference')!.items.push(API, CHANGELOG)
  return {
    '/decisions/': [groups.get('Architecture')!, decisions],
    '/reference/': [groups.get('Reference')!, { text: 'API', items: modules() }],
    '/': [...groups.values()],
  }
}

/** The menu at the top: the groups that people return to, and the version. */
export function nav(version: string): DefaultTheme.NavItem[] {
  const menu = (name: string): DefaultTheme.NavItem => ({
    text: name,
    items: [
      ...GROUPS.find(({ text }) => text === name)!.pages.map(entryOf),
      ...(name === 'Reference' ? [API, CHANGELOG] : []),
    ],
  })
  return [
    { text: 'Start', link: '/start' },
    { text: 'Tutorial', link: '/tutorial' },
    ...['Guides', 'Coming from', 'Reference', 'Operations'].map(menu),
    { text: `v${version}`, link: CHANGELOG.link },
  ]
}

/** Pages of a folder of `docs`, without `.md`, by name. */
export function pagesIn(folder: string): string[] {
  return globSync(join(folder, '**/*.md'), { cwd: PAGES })
    .map((file) => file.slice(0, -'.md'.length))
    .toSorted()
}

/** The modules of the API: pages that the build writes. */
function modules(): Entry[] {
  return pagesIn('reference')
    .filter((page) => page !== 'reference/index' && page !== 'reference/changelog')
    .map(entryOf)
}

function entryOf(page: string): Entry {
  return { text: NAMES[page] ?? headingOf(page), link: `/${page}` }
}

/** The first heading of a page, without its formatting and what all its neighbours begin with. */
function headingOf(page: string): string {
  const text = readFileSync(join(PAGES, `${page}.md`), 'utf8')
  const [, heading = page] = /^# (.+)$/m.exec(text) ?? []
  return heading.replaceAll(/[`\\]/g, '').replace(/^Coming from /, '')
}
