import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromFiles } from './files.ts'

describe('files that match a pattern', () => {
  let root: string
  /** What was computed and is remembered. */
  const remembered = new Map<string, string>()
  let reads = 0
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'cairn files [*]-'))
    remembered.clear()
    reads = 0
  })
  afterEach(() => rmSync(root, { recursive: true }))

  const write = (name: string, text: string) => {
    const path = join(root, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    utimesSync(path, 1, 1) // long ago, so that its digest is remembered
  }
  const context = () => ({
    root,
    params: {},
    secrets: {},
    signal: AbortSignal.timeout(20_000),
    scratch: root,
    hasCachePolicy: false,
    async remember(stamp: string, compute: () => Promise<string>) {
      if (!remembered.has(stamp)) remembered.set(stamp, (reads++, await compute()))
      return remembered.get(stamp)!
    },
  })
  const names = async (pattern: string) => (await fromFiles(pattern).open(context())).map(({ name }) => name)
  const version = (pattern: string) => fromFiles(pattern).version!(context())

  it('are listed by name, whatever characters the folder has', async () => {
    for (const name of ['b.csv', 'a.csv', 'sub/c.csv', 'sub/deep/d.csv', 'a.txt', 'x y[1].csv']) write(name, name)
    mkdirSync(join(root, 'folder.csv'))
    symlinkSync(join(root, 'a.csv'), join(root, 'link.csv'))
    expect(await names('*.csv')).toEqual(['a.csv', 'b.csv', 'link.csv', 'x y[1].csv'])
    expect(await names('**/*.csv')).toEqual(['a.csv', 'b.csv', 'link.csv', 'sub/c.csv', 'sub/deep/d.csv', 'x y[1].csv'])
    expect(await names('sub/*.csv')).toEqual(['sub/c.csv'])
    const [file] = await fromFiles('./sub/*.csv').open(context())
    expect(file).toEqual({ name: 'sub/c.csv', path: join(root, 'sub/c.csv') })
  })

  it('have a version that changes with any name, content, new or removed file, and with nothing else', async () => {
    for (const name of ['a.csv', 'b.csv']) write(name, name)
    write('other.txt', '1')
    const seen = [await version('*.csv')]
    write('other.txt', '2')
    expect([await version('*.csv'), reads]).toEqual([seen[0], 2])
    const changes = [
      () => write('a.csv', 'changed'),
      () => write('c.csv', 'c'),
      () => renameSync(join(root, 'c.csv'), join(root, 'd.csv')),
      () => rmSync(join(root, 'd.csv')),
    ]
    for (const change of changes) {
      change()
      seen.push(await version('*.csv'))
    }
    expect(new Set(seen).size).toBe(4) // the last change takes back those before it
    expect(seen[4]).toBe(seen[1])
  })

  it('must exist, and be files', async () => {
    await expect(version('*.csv')).rejects.toThrow(`no file matches *.csv in ${root}`)
    mkdirSync(join(root, 'folder'))
    symlinkSync(join(root, 'folder'), join(root, 'link.csv'))
    await expect(version('*.csv')).rejects.toThrow('link.csv cannot be read: it is a folder')
    expect(() => fromFiles('')).toThrow('fromFiles takes a non-empty string')
  })
})
