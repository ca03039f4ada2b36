import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { Stack, type Service } from './stack.ts'

it.skipIf(!existsSync('/dev/full'))(
  'the supervisor outlives a log that cannot be written, and works again afterwards',
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'cairn-supervisor-'))
    writeFileSync(join(root, 'package.json'), '{ "cairn": {} }')
    const stack = new Stack(root)
    mkdirSync(dirname(stack.servicesFile), { recursive: true })
    writeFileSync(stack.servicesFile, 'not JSON, so that each check writes an error to the log')
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [join(import.meta.dirname, 'supervisor.ts'), root], {
      stdio: ['ignore', full, full],
    })
    try {
      let ended: number | null | undefined
      child.once('exit', (code) => (ended = code))
      // Many checks later: each has failed to write its error.
      await new Promise((done) => setTimeout(done, 2_000))
      expect(ended).toBeUndefined()
      const service: Service = {
        name: 'one',
        program: process.execPath,
        args: [
          '-e',
          `require('node:fs').writeFileSync(${JSON.stringify(join(root, 'started'))}, 'yes'); setInterval(() => {}, 1000)`,
        ],
        env: {},
        url: 'http://127.0.0.1:1',
        probe: 'http',
        version: '1',
      }
      writeFileSync(stack.servicesFile, JSON.stringify([service]))
      await vi.waitUntil(() => existsSync(join(root, 'started')), 60_000)
      expect(readFileSync(stack.runningFile, 'utf8')).toContain('"one"')
    } finally {
      child.kill('SIGTERM')
      await new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done(undefined)))
      rmSync(root, { recursive: true, force: true })
    }
  },
)
