import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MarkdownOptions } from 'vitepress'
import { SITE } from './folders.ts'

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0]

/** Shows the name of a sample's file above it, and a figure in place of its Mermaid text. */
export function fences(md: MarkdownIt): void {
  const fence = md.renderer.rules.fence!
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const { info } = tokens[index]!
    const figure = info === 'mermaid' ? figureOf((env as { relativePath: string }).relativePath) : undefined
    if (figure !== undefined) return `<div class="figure" tabindex="0">${figure}</div>`
    const name = /\b(?:file|of)=(\S+)/.exec(info)?.[1]
    const sample = fence(tokens, index, options, env, self)
    return name === undefined ? sample : `<p class="file-name">${md.utils.escapeHtml(name)}</p>${sample}`
  }
}

/** The drawing of the figure of a page, in the colours of the text around it. */
export function figureOf(page: string): string | undefined {
  const file = join(SITE, 'figures', page.replace(/\.md$/, '.svg'))
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
