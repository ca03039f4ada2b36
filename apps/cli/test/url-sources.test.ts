import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CliProject } from './project.fixture.ts'

/** A pipeline of one source that gives a file's text. */
const pipelineOf = (origin: string, more = '') => `
import { readFileSync } from 'node:fs'
import { fromFile, fromUrl } from '@cairn/connectors'
import { pipeline, source } from '@cairn/kernel'
import { json } from '@cairn/kinds'
export const load = source('load', {
  reads: { file: ${origin} }, outputs: { text: json<string>() }, acknowledge: ['files'], ${more}
  run: ({ file }) => ({ text: readFileSync(file.path, 'utf8') }),
})
export const fetched = pipeline('fetched', () => load({}))
`

describe('a source behind a URL', () => {
  let answer: RequestListener
  const server = createServer((request, response) => answer(request, response))
  let url: string
  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rates.csv?signature=s3cret`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  const load = async (project: CliProject) => {
    const { steps, code } = await project.run('fetched')
    const { how, outputs } = steps['load']!
    return [code, how, JSON.parse(outputs!['text']!.text!)]
  }

  it('is read again when its content changes, even without an ETag and a modification time', async () => {
    let content = 'one'
    answer = ({ method }, response) => response.writeHead(method === 'HEAD' ? 403 : 200).end(content)
    const project = new CliProject({ 'fetched.pipeline.ts': pipelineOf(`fromUrl('${url}')`) })
    expect([await load(project), await load(project)]).toEqual([
      [0, 'computed', 'one'],
      [0, 'reused', 'one'],
    ])
    content = 'two'
    expect(await load(project)).toEqual([0, 'computed', 'two'])
  })

  it('is reused as long as its cache policy says, even if every response differs', async () => {
    let asked = 0
    answer = ({ method }, response) => response.end(method === 'GET' ? String(++asked) : '')
    const project = new CliProject({
      'fetched.pipeline.ts': pipelineOf(`fromUrl('${url}')`, "cache: { maxAge: '1h' },"),
    })
    expect([await load(project), await load(project), asked]).toEqual([[0, 'computed', '1'], [0, 'reused', '1'], 1])
  })

  it('is named without its query when it cannot be read', async () => {
    answer = (_, response) => response.writeHead(404).end()
    const project = new CliProject({ 'fetched.pipeline.ts': pipelineOf(`fromUrl('${url}')`) })
    const { stdout, stderr } = await project.cairn('run', 'fetched')
    expect(stderr + stdout).toContain(`${url.replace('signature=s3cret', '…')} returned 404 Not Found`)
    expect(stderr + stdout).not.toContain('s3cret')
  })
})

it('refuses a folder as a source by name', async () => {
  const project = new CliProject({ 'fetched.pipeline.ts': pipelineOf("fromFile('data')"), 'data/a.csv': 'a' })
  const { stdout, stderr } = await project.cairn('run', 'fetched')
  expect(stderr + stdout).toContain('data cannot be read: it is a folder, but a source reads a single file')
})
