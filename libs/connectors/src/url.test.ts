import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fromUrl } from './url.ts'

describe('a file behind a URL', () => {
  let server: Server
  let answer: RequestListener
  let scratch: string
  let base: string
  beforeEach(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'cairn-url-'))
    server = createServer((request, response) => answer(request, response))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
    rmSync(scratch, { recursive: true })
  })
  const context = (hasCachePolicy = false) => ({
    root: scratch,
    params: {},
    secrets: {},
    signal: AbortSignal.timeout(20_000),
    scratch,
    hasCachePolicy,
    remember: (_: string, compute: () => Promise<string>) => compute(),
  })
  const versionOf = async (path = '/a.csv', hasCachePolicy = false) =>
    fromUrl(base + path).version!(context(hasCachePolicy))
  const read = async (url: string) => readFileSync((await fromUrl(url).open(context())).path, 'utf8')

  const SHA256_OF_ABC = 'sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
  const NOW = 'Sun, 29 Nov 2026 10:00:00 GMT'

  it.for([
    ['a strong ETag', { etag: '"1"', 'last-modified': NOW }, '"1"'],
    ['a weak ETag with all else', { etag: 'W/"1"', 'last-modified': NOW }, `W/"1" ${NOW} 3`],
    [
      'a change a minute ago',
      { date: NOW, 'last-modified': 'Sun, 29 Nov 2026 09:59:00 GMT' },
      'Sun, 29 Nov 2026 09:59:00 GMT 3',
    ],
    ['a change within this second', { date: NOW, 'last-modified': NOW }, SHA256_OF_ABC],
    ['nothing', {}, SHA256_OF_ABC],
  ] as const)('takes a version that changes with the content from %s', async ([, headers, version]) => {
    answer = (_, response) => response.writeHead(200, { ...headers, 'content-length': 3 }).end('abc')
    expect(await versionOf()).toBe(version)
  })

  it('needs no version if the source has a cache policy', async () => {
    answer = (_, response) => response.end('abc')
    expect(await versionOf('/a.csv', true)).toBeUndefined()
  })

  it('uses GET if HEAD is refused, as for a URL that is signed only for GET', async () => {
    answer = ({ method }, response) => response.writeHead(method === 'GET' ? 200 : 403, { etag: '"2"' }).end('abc')
    expect([await versionOf('/a.csv?X-Amz-Signature=s3cret'), await read(`${base}/a.csv`)]).toEqual(['"2"', 'abc'])
  })

  it('follows redirects, and sends the name and the password in the URL', async () => {
    answer = ({ url, headers }, response) => {
      if (url === '/old') response.writeHead(302, { location: '/new' }).end()
      else response.writeHead(200).end(headers.authorization ?? 'nobody')
    }
    const basic = Buffer.from('ann:p w').toString('base64')
    expect(await read(`${base}/old`.replace('//', '//ann:p%20w@'))).toBe(`Basic ${basic}`)
  })

  it('shows neither the query nor the password of a URL, whatever goes wrong', async () => {
    answer = (_, response) => response.writeHead(404).end()
    const failed = fromUrl(`${base}/a.csv?token=s3cret`.replace('//', '//ann:s3cret@')).version!(context())
    await expect(failed).rejects.toMatchObject({
      code: 'SOURCE_UNREACHABLE',
      message: `${base}/a.csv?… returned 404 Not Found`,
    })
    server.closeAllConnections()
    server.close()
    await expect(read(`${base}/b?token=s3cret`)).rejects.toThrow(
      `cannot connect to ${base}/b?…: connect ECONNREFUSED 127.0.0.1`,
    )
  })

  it('refuses a truncated file', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('abc', () => response.destroy())
    }
    await expect(read(`${base}/a.csv`)).rejects.toThrow(`the download of ${base}/a.csv was interrupted: `)
  })

  it('refuses anything but an http or https URL', () => {
    for (const url of ['data/a.csv', 'file:///etc/passwd', '']) expect(() => fromUrl(url)).toThrow('absolute URL')
  })
})
