import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { MarkdownOptions } from 'vitepress'
import { PAGES, ROOT } from './folders.ts'

type MarkdownIt = Parameters<NonNullable<MarkdownOptions['config']>>[0]
type Token = ReturnType<MarkdownIt['parse']>[number]

/**
 * Pages link to sources, which the site does not have: the repository has no public address yet. Such a link becomes its
 * text, with the path as a tooltip. Links to other files of `docs`, such as samples, lead to their copies on the site.
 */
export function sourceLinks(md: MarkdownIt): void {
  md.core.ruler.push('source-links', ({ tokens, env }) => {
    const page = (env as { relativePath: string }).relativePath
    for (const { children } of tokens) if (children) rewrite(children, dirname(page))
  })
}

function rewrite(tokens: readonly Token[], folder: string): void {
  let opened: string | undefined
  for (const token of tokens) {
    if (token.type === 'link_open') {
      opened = undefined
      const href = token.attrGet('href')!
      if (/^([a-z]+:|#|\/)/i.test(href)) continue
      const target = join(folder, decodeURI(href).split('#')[0]!)
      if (target.endsWith('.md') && !target.startsWith('..')) continue
      if (isFile(target)) {
        token.attrSet('href', `/${target}`)
        token.attrSet('target', '_self')
        continue
      }
      opened = relative(ROOT, join(PAGES, target))
      Object.assign(token, { tag: 'span', attrs: [['class', 'source']] })
      token.attrSet('title', opened)
    } else if (token.type === 'link_close' && opened !== undefined) token.tag = 'span'
  }
}

/** Whether it is a file of `docs`. */
function isFile(target: string): boolean {
  const path = join(PAGES, target)
  return !target.startsWith('..') && existsSync(path) && statSync(path).isFile()
}
