import { cpSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import { fences } from './fences.ts'
import { PAGES, ROOT } from './folders.ts'
import { nav, sidebar } from './navigation.ts'
import { slug } from './slug.ts'
import { sourceLinks } from './source-links.ts'

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }

export default defineConfig({
  title: 'Cairn',
  description: 'Machine-learning pipelines in TypeScript',
  lang: 'en',
  srcDir: PAGES,
  outDir: join(ROOT, 'apps/docs/dist'),
  markdown: {
    anchor: { slugify: slug },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      sourceLinks(md)
      fences(md)
    },
  },
  themeConfig: {
    nav: nav(version),
    sidebar: sidebar(),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
  },
  transformPageData: ({ relativePath, frontmatter }) =>
    relativePath === 'index.md'
      ? { frontmatter: { ...frontmatter, sidebar: false, aside: false, pageClass: 'home' } }
      : undefined,
  buildEnd({ outDir }) {
    // Samples and schemas that pages link to.
    for (const file of globSync('consumers/**/*.{ts,py,json}', { cwd: PAGES }))
      cpSync(join(PAGES, file), join(outDir, file))
  },
})
