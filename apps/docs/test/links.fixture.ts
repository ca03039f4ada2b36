import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A built page, by its file. */
interface Page {
  readonly ids: ReadonlySet<string>
  readonly links: readonly string[]
}

/** Links of a built site that lead nowhere: no such file, or no such anchor in it. Addresses of others are left out. */
export function brokenLinks(site: string): string[] {
  const pages = new Map(globSync('**/*.html', { cwd: site }).map((file) => [file, readBuilt(join(site, file))]))
  return [...pages].flatMap(([file, { links }]) =>
    links.filter((link) => isBroken(link, file, pages, site)).map((link) => `${file}: ${link}`),
  )
}

function isBroken(link: string, file: string, pages: ReadonlyMap<string, Page>, site: string): boolean {
  if (/^([a-z]+:|\/\/)/i.test(link)) return false
  const [path = '', anchor] = decodeURI(link.replaceAll('&amp;', '&')).split('#')
  const place = path === '' ? file : join(path.startsWith('/') ? '' : dirname(file), path)
  const target = [place.replace(/^\//, ''), join(place, 'index.html').replace(/^\//, '')].find((each) =>
    isFile(join(site, each)),
  )
  if (target === undefined) return true
  const page = pages.get(target)
  return anchor !== undefined && anchor !== '' && page !== undefined && !page.ids.has(anchor)
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile()
}

function readBuilt(path: string): Page {
  const html = readFileSync(path, 'utf8')
  return {
    ids: new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => decodeURIComponent(id!))),
    links: [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, link]) => link!),
  }
}
