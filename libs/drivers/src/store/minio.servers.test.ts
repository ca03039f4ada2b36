import { createHash, randomBytes, randomUUID } from 'node:crypto'
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { CairnError } from '@cairn/kernel'
import { fileStamp, markVerified, verifiedStamp } from '@cairn/files'
import type { ArtifactStore } from '@cairn/records'
import { faultyProxy, serverOf } from './faulty-proxy.fixture.ts'
import { minioStore, type MinioStore, type MinioStoreOptions } from './minio.ts'
import { probeWrites } from './minio/probe.ts'
import { storeSuite } from './store.suite.ts'

const s3 = inject('servers')?.s3
const BUCKET = 'cairn-test'
const bytes = (text: string) => Buffer.from(text)

describe.skipIf(!s3)('MinIO', () => {
  const newPrefix = () => `${randomUUID()}/`
  beforeAll(() => minioStore({ ...s3!, bucket: BUCKET, cache: tmpdir() }).ensureBucket())

  storeSuite('a bucket', (cache) => minioStore({ ...s3!, bucket: BUCKET, prefix: newPrefix(), cache }))

  describe('a bucket', () => {
    let folder: string
    let prefix: string
    const opened: { close(): Promise<void> }[] = []
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'cairn-minio-'))
      prefix = newPrefix()
    })
    afterEach(async () => {
      for (const each of opened.splice(0)) await each.close()
      rmSync(folder, { recursive: true, force: true })
    })

    const open = (options: Partial<MinioStoreOptions> = {}): MinioStore => {
      const store = minioStore({ ...s3!, bucket: BUCKET, prefix, cache: join(folder, 'cache'), ...options })
      opened.push(store)
      return store
    }
    /** Opens a store behind a proxy that causes faults. Its short timeout detects missing responses quickly. */
    const openFaulty = async (options: Partial<MinioStoreOptions> = {}) => {
      const proxy = await faultyProxy(s3!.endpoint)
      const store = open({ endpoint: proxy.endpoint, silenceMs: 500, deadlineMs: 300_000, ...options })
      opened.push(proxy)
      return { proxy, store }
    }
    const openServer: typeof serverOf = async (listener) => {
      const server = await serverOf(listener)
      opened.push(server)
      return server
    }
    const failure = async (work: Promise<unknown>): Promise<CairnError> => {
      const error = await work.then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(error).toBeInstanceOf(CairnError)
      return error as CairnError
    }
    const stillPending = (work: Promise<unknown>): (() => boolean) => {
      let isPending = true
      const end = () => void (isPending = false)
      work.then(end, end)
      return () => isPending
    }
    const textOf = async (store: MinioStore, path: string) => (await store.read(path))?.toString()

    describe('with lost and wrong responses', () => {
      for (const fault of ['request lost', 'answer lost', 'no answer', 'sent twice', 'busy'] as const) {
        it(`creates a record once, and reports success (${fault})`, async () => {
          const { proxy, store } = await openFaulty()
          proxy.next('PUT', fault)
          expect(await store.create('record', bytes('mine'))).toBe(true)
          expect(await store.create('record', bytes('mine'))).toBe(false)
        })

        it(`reports failure to the writer that was second (${fault})`, async () => {
          const { proxy, store } = await openFaulty()
          await store.create('record', bytes('theirs'))
          proxy.next('PUT', fault)
          expect(await store.create('record', bytes('mine'))).toBe(false)
          expect(await textOf(store, 'record')).toBe('theirs')
        })

        it(`replaces a record, and reports success (${fault})`, async () => {
          const { proxy, store } = await openFaulty()
          await store.create('record', bytes('one'))
          proxy.next('PUT', fault)
          expect(await store.replace('record', bytes('one'), bytes('two'))).toBe(true)
          expect(await textOf(store, 'record')).toBe('two')
        })
      }

      it('recognizes its own write even if another writer has replaced the record since', async () => {
        const { proxy, store } = await openFaulty()
        const other = open()
        proxy.next('PUT', 'answer lost', () => other.replace('record', bytes('mine'), bytes('theirs')))
        expect(await store.create('record', bytes('mine'))).toBe(true)
        proxy.next('PUT', 'answer lost', () => other.replace('record', bytes('mine too'), bytes('theirs')))
        expect(await store.replace('record', bytes('theirs'), bytes('mine too'))).toBe(true)
        expect(await textOf(store, 'record')).toBe('theirs')
      })

      it('reports success to one of two writers of equal bytes, even if its response was lost', async () => {
        const { proxy, store } = await openFaulty()
        const other = open()
        let otherWon: boolean | undefined
        proxy.next('PUT', 'answer lost', async () => (otherWon = await other.create('record', bytes('same'))))
        expect(await store.create('record', bytes('same'))).toBe(true)
        expect(otherWon).toBe(false)
        proxy.next('PUT', 'request lost', async () => {})
        expect(await store.create('record', bytes('same'))).toBe(false)
      })

      it('increments one record without a lost or double update', async () => {
        const { proxy, store } = await openFaulty()
        await store.create('count', bytes('0'))
        const countTo = async (times: number) => {
          for (let counted = 0; counted < times;) {
            const present = (await store.read('count'))!
            if (counted % 4 === 0) proxy.next('PUT', counted % 8 === 0 ? 'answer lost' : 'sent twice')
            if (await store.replace('count', present, bytes(String(Number(present.toString()) + 1)))) counted++
          }
        }
        await Promise.all([countTo(20), countTo(20), countTo(20)])
        expect(await textOf(store, 'count')).toBe('60')
      })

      for (const fault of ['request lost', 'answer lost', 'no answer', 'busy'] as const)
        it(`stores, moves, lists and removes objects despite a fault (${fault})`, async () => {
          const { proxy, store } = await openFaulty()
          const method = (name: string) => proxy.next(name, fault)
          method('PUT')
          await store.put('objects/1', bytes('bytes'))
          method('HEAD')
          expect(await store.stat('objects/1')).toMatchObject({ size: 5 })
          method('GET')
          expect(readFileSync((await store.fetch('objects/1'))!, 'utf8')).toBe('bytes')
          method('PUT')
          method('DELETE')
          expect(await store.move('objects/1', 'objects/2')).toBe(true)
          method('GET')
          expect(await store.children('objects/')).toEqual(['2'])
          method('DELETE')
          await store.remove('objects/2')
          expect(await store.stat('objects/2')).toBeUndefined()
        })

      it('downloads an object completely if a response was truncated', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 5_000 })
        const object = randomBytes(40_000_000)
        await store.put('objects/large', object)
        proxy.next('GET', 'cut short')
        proxy.next('GET', 'cut short')
        expect(readFileSync((await store.fetch('objects/large'))!).equals(object)).toBe(true)
        expect(readdirSync(join(folder, 'cache', 'tmp'))).toEqual([])
      })

      for (const fault of ['too few', 'another part'] as const)
        it(`downloads an object completely if the server did not send the requested range (${fault})`, async () => {
          const { proxy, store } = await openFaulty({ silenceMs: 5_000 })
          const object = randomBytes(40_000_000)
          await store.put('objects/large', object)
          proxy.next('GET', fault)
          let asked = 0
          proxy.watch(async (moment) => {
            if (moment === 'before' && ++asked === 1) proxy.next('GET', fault) // first and another part
          })
          expect(readFileSync((await store.fetch('objects/large'))!).equals(object)).toBe(true)
          expect(proxy.received.filter((answer) => answer === 'GET 206')).toHaveLength(3 + 2)
        })

      it('does not mix parts of two versions if the object is replaced during the download', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 5_000 })
        const [before, after] = [randomBytes(40_000_000), randomBytes(40_000_001)]
        await store.put('objects/large', before)
        let isStored = false
        proxy.watch(async (moment, method) => {
          if (moment !== 'after' || method !== 'GET' || isStored) return
          isStored = true
          await open().put('objects/large', after)
        })
        expect(readFileSync((await store.fetch('objects/large'))!).equals(after)).toBe(true)
        expect(proxy.received).toContain('GET 412')
        expect(readdirSync(join(folder, 'cache', 'tmp'))).toEqual([])
      })

      it('leaves no parts of an object that could not be stored', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 5_000, deadlineMs: 500 })
        for (let times = 0; times < 100; times++) proxy.next('PUT', 'busy')
        expect(await failure(store.put('objects/large', randomBytes(40_000_000)))).toMatchObject({
          code: 'STORE_FAILED',
          message: expect.stringContaining('503') as string,
        })
        expect(proxy.received.at(-1)).toBe('DELETE 204')
        expect(await store.stat('objects/large')).toBeUndefined()
      })

      it('does not store a file that is modified during the upload', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 5_000 })
        const file = join(await store.scratch(), 'made')
        writeFileSync(file, randomBytes(40_000_000))
        const stamp = fileStamp(file)
        proxy.watch(async (moment, method) => {
          if (moment === 'after' && method === 'PUT') appendFileSync(file, 'more')
        })
        expect(await failure(store.put('objects/large', { file, stamp }))).toMatchObject({
          code: 'BAD_OUTPUT',
          message: 'made was modified after the step returned it',
          next: 'close the file, and await all writes to it, before you return it',
        })
        expect(proxy.received.at(-1)).toBe('DELETE 204')
        expect(await store.stat('objects/large')).toBeUndefined()
      })

      it('stores a large object despite lost and failed requests', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 5_000 })
        const object = randomBytes(40_000_000)
        for (const fault of ['answer lost', 'request lost', 'busy'] as const) proxy.next('PUT', fault)
        proxy.next('POST', 'answer lost') // starts two uploads
        proxy.next('POST', 'answer lost') // completes the upload twice
        await store.put('objects/large', object)
        expect(object.equals((await store.read('objects/large'))!)).toBe(true)
      })
    })

    describe('that cannot be used', () => {
      it('is reported within the deadline if nothing listens there', async () => {
        const store = open({ endpoint: 'http://127.0.0.1:9', deadlineMs: 300 })
        const isPatient = stillPending(open({ endpoint: 'http://127.0.0.1:9', deadlineMs: 120_000 }).read('a/b'))
        for (const work of [
          () => store.read('a/b'),
          () => store.create('a/b', bytes('x')),
          () => store.put('a/b', bytes('x')),
          () => store.fetch('a/b'),
          () => store.stat('a/b'),
          () => store.children('a/'),
          () => store.move('a/b', 'a/c'),
          () => store.remove('a/b'),
        ]) {
          const { code, message, next } = await failure(work())
          expect(code).toBe('STORE_FAILED')
          expect(message).toMatch(
            /^a\/b? ?cannot be \w+ in bucket cairn-test at http:\/\/127\.0\.0\.1:9: .*ECONNREFUSED/,
          )
          expect(next).toContain('curl http://127.0.0.1:9/minio/health/live')
        }
        expect(isPatient()).toBe(true) // its deadline is later
      })

      it('is reported within the deadline if it never responds', async () => {
        const { endpoint } = await openServer(() => {})
        const store = open({ endpoint, silenceMs: 100, deadlineMs: 500 })
        const isPatient = stillPending(open({ endpoint, silenceMs: 100, deadlineMs: 120_000 }).read('a/b'))
        expect((await failure(store.create('a/b', bytes('x')))).message).toMatch(/no response/)
        expect((await failure(store.read('a/b'))).message).toMatch(/no response/)
        expect((await failure(store.put('a/b', bytes('x')))).message).toMatch(/no response/)
        expect(isPatient()).toBe(true)
      })

      it('is reported at once if its disk is full', async () => {
        const { endpoint } = await openServer((request, response) => {
          request.resume()
          response.writeHead(507).end('<Error><Code>XMinioStorageFull</Code><Message>it is full</Message></Error>')
        })
        const store = open({ endpoint })
        for (const work of [() => store.create('a/b', bytes('x')), () => store.put('a/b', Buffer.alloc(1_000))]) {
          const { message, next } = await failure(work())
          expect(message).toMatch(
            /^a\/b cannot be written in bucket cairn-test at .*: it is full \(XMinioStorageFull\)$/,
          )
          expect(next).toMatch(/cairn gc/)
        }
      })

      it('is reported at once if its credentials are wrong', async () => {
        for (const wrong of [{ secretKey: 'wrong-secret' }, { accessKey: 'nobody' }]) {
          const store = open(wrong)
          for (const work of [
            () => store.read('a/b'),
            () => store.create('a/b', bytes('x')),
            () => store.stat('a/b'),
            () => store.fetch('a/b'),
          ]) {
            const { code, message, next } = await failure(work())
            expect(code).toBe('STORE_FAILED')
            expect(message).toContain(`bucket cairn-test at ${s3!.endpoint}`)
            expect(message).not.toContain('wrong-secret')
            expect(next).toMatch(/access key/)
          }
        }
      })

      it('is reported at once if it does not exist, and is not treated as empty', async () => {
        const store = open({ bucket: 'cairn-not-there' })
        for (const work of [
          () => store.read('a/b'),
          () => store.create('a/b', bytes('x')),
          () => store.stat('a/b'),
          () => store.fetch('a/b'),
          () => store.children('a/'),
          () => store.put('a/b', bytes('x')),
          () => store.put('a/b', Buffer.alloc(20_000_000)),
        ])
          expect(await failure(work())).toMatchObject({
            message: expect.stringContaining('cairn-not-there'),
            next: expect.stringContaining('mc mb'),
          })
      })

      it('can be created by any number of processes at once', async () => {
        const bucket = `cairn-${randomUUID()}`
        await Promise.all(Array.from({ length: 8 }, () => open({ bucket }).ensureBucket()))
        expect(await open({ bucket }).create('a/b', bytes('x'))).toBe(true)
      })
    })

    describe('that is probed', () => {
      it('is accepted if it supports conditional writes, and its format is recorded', async () => {
        const store = open()
        await store.probe()
        await store.probe()
        expect(JSON.parse((await textOf(store, 'store.json'))!)).toEqual({ format: 2 })
        expect(await store.children('probe/')).toEqual([])
      })

      it('is cleaned of the records of killed probes only', async () => {
        const store = open()
        await Promise.all(['probe/left', 'probe/of-another'].map((path) => store.create(path, bytes('x'))))
        const aged: ArtifactStore = {
          ...store,
          async *list(folder) {
            for await (const listed of store.list(folder))
              yield listed.path === 'probe/left' ? { ...listed, modified: listed.modified - 11 * 60_000 } : listed
          },
        }
        await probeWrites(aged, 'the bucket')
        expect(await store.children('probe/')).toEqual(['of-another'])
      })

      it('is refused if it has a later format', async () => {
        const store = open()
        await store.create('store.json', bytes('{"format": 99}'))
        expect((await failure(store.probe())).message).toMatch(/has format 99/)
      })

      it('is refused if it has an earlier format', async () => {
        const store = open()
        await store.create('store.json', bytes('{"format": 1}'))
        expect((await failure(store.probe())).message).toMatch(/has format 1 of an earlier version of Cairn/)
      })

      it('is refused if it lets several writers succeed at once', async () => {
        const contents = new Map<string, Buffer>()
        const { endpoint } = await openServer((request, response) => {
          const path = request.url!
          const parts: Buffer[] = []
          request.on('data', (part: Buffer) => parts.push(part))
          request.on('end', () => {
            if (request.method === 'PUT') contents.set(path, Buffer.concat(parts))
            const content = contents.get(path)
            response.writeHead(content ? 200 : 404, { etag: '"x"' })
            response.end(request.method === 'GET' ? content : '')
          })
        })
        const { message, next } = await failure(open({ endpoint }).probe())
        expect(message).toMatch(/64 concurrent requests to create the same record, and 64 of them succeeded/)
        expect(next).toMatch(/If-None-Match/)
      })
    })

    describe('with local copies', () => {
      it('downloads an object once for all concurrent and later readers', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 10_000 })
        await store.put('objects/1', bytes('bytes'))
        const files = await Promise.all(Array.from({ length: 16 }, () => store.fetch('objects/1')))
        expect(new Set(files).size).toBe(1)
        expect(await store.fetch('objects/1')).toBe(files[0])
        expect(proxy.received).toEqual(['PUT 200', 'GET 206', 'GET 304'])
      })

      it('shares them between stores over one folder', async () => {
        const [one, two] = [open(), open()]
        await one.put('objects/1', bytes('bytes'))
        expect(await one.fetch('objects/1')).toBe(await two.fetch('objects/1'))
      })

      it('uses a file that it stored as the local copy', async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 10_000 })
        const file = join(await store.scratch(), 'made')
        writeFileSync(file, randomBytes(1_000))
        await store.put('objects/1', { file })
        expect(readFileSync((await store.fetch('objects/1'))!)).toHaveLength(1_000)
        expect(proxy.received).toEqual(['PUT 200', 'GET 304'])
      })

      it('does not return a copy of a removed object', async () => {
        const store = open()
        await store.put('objects/1', bytes('bytes'))
        await store.fetch('objects/1')
        await store.remove('objects/1')
        expect(await store.fetch('objects/1')).toBeUndefined()
      })

      it('does not use a truncated copy', async () => {
        const store = open()
        await store.put('objects/1', bytes('bytes'))
        truncateSync((await store.fetch('objects/1'))!, 2)
        expect(readFileSync((await store.fetch('objects/1'))!, 'utf8')).toBe('bytes')
      })

      it('does not use an outdated copy after the object was stored again', async () => {
        const store = open()
        await store.put('code/1.mjs', bytes('one'))
        expect(readFileSync((await store.fetch('code/1.mjs'))!, 'utf8')).toBe('one')
        await store.put('code/1.mjs', bytes('two'))
        expect(readFileSync((await store.fetch('code/1.mjs'))!, 'utf8')).toBe('two')
      })

      it('evicts the least recently used copies beyond the limit, but not recently used ones', async () => {
        const store = open({ cacheLimit: 2_500 })
        const fetched = async (name: string) => (await store.fetch(`objects/${name}`))!
        for (const name of ['1', '2', '3', '4']) await store.put(`objects/${name}`, randomBytes(1_000))
        const [one, two, three] = [await fetched('1'), await fetched('2'), await fetched('3')]
        expect([one, two, three].filter(existsSync)).toEqual([one, two, three])

        const hourAgo = Date.now() / 1000 - 3600
        for (const copy of [one, two, three]) utimesSync(copy, hourAgo, hourAgo)
        expect(await fetched('1')).toBe(one)
        const four = await fetched('4')
        expect([one, two, three, four].filter(existsSync)).toEqual([one, four])
        expect(await fetched('2')).toBe(two)
      })

      it('removes partial files of dead processes', async () => {
        const store = open()
        await store.put('objects/1', bytes('bytes'))
        const ofOthers = join(await store.scratch(), '..', `${hostname()}-${process.pid}-1-0`)
        writeFileSync(ofOthers, 'half of it')
        await store.fetch('objects/1')
        expect(existsSync(ofOthers)).toBe(false)
      })

      it('keeps the file extension, which module loaders need', async () => {
        const store = open()
        await store.put('code/abc.mjs', bytes('export const one = 1'))
        expect(((await import((await store.fetch('code/abc.mjs'))!)) as { one: number }).one).toBe(1)
      })
    })

    for (const size of [1_000, 40_000_000])
      it(`refuses to return damaged bytes of an object of ${size} bytes`, async () => {
        const { proxy, store } = await openFaulty({ silenceMs: 5_000 })
        const sound = randomBytes(size)
        const path = `objects/${createHash('sha256').update(sound).digest('hex')}`
        await store.put(path, sound)
        proxy.next('GET', 'damaged')
        expect(readFileSync((await store.fetch(path))!).equals(sound)).toBe(true) // damaged only in transit

        const damaged = Buffer.from(sound)
        damaged[size >> 1]! ^= 1
        const other = `objects/${createHash('sha256').update('other').digest('hex')}`
        await store.put('objects/1', damaged)
        await store.move('objects/1', other)
        const { code, message, next } = await failure(store.fetch(other))
        expect(code).toBe('CORRUPT')
        expect(message).toContain(`${other} in bucket cairn-test`)
        expect(next).toContain('cairn doctor')
        expect(readdirSync(join(folder, 'cache', 'tmp'))).toEqual([])
      })

    it.each([1_000, 40_000_000])('marks a copy of %i bytes as verified only if it has hashed them', async (size) => {
      const store = open()
      const object = randomBytes(size)
      const digest = createHash('sha256').update(object).digest('hex')
      await store.put(`objects/${digest}`, object)
      const file = (await store.fetch(`objects/${digest}`))!
      expect(verifiedStamp(digest)).toBe(fileStamp(file))
      const hourAgo = Date.now() / 1000 - 3600
      for (const isVerified of [false, true]) {
        utimesSync(file, hourAgo, hourAgo)
        if (isVerified) markVerified(digest, fileStamp(file))
        await store.fetch(`objects/${digest}`) // updates the time of the last use
        expect(statSync(file).mtimeMs).toBeGreaterThan(hourAgo * 1000)
        expect(verifiedStamp(digest) === fileStamp(file)).toBe(isVerified)
      }
    })

    it('refuses bytes that do not match the digest in their path', async () => {
      const store = open()
      const path = `objects/${createHash('sha256').update('what was meant').digest('hex')}`
      expect((await failure(store.put(path, bytes('what was sent')))).message).toMatch(/SHA256|sha256/)
      expect(await store.stat(path)).toBeUndefined()
    })

    it('stores an object again if the stored one is incomplete', async () => {
      const store = open()
      const object = randomBytes(20_000_000)
      await store.put('objects/1', object.subarray(0, 19_000_000))
      await store.put('objects/1', object)
      expect(object.equals((await store.read('objects/1'))!)).toBe(true)
    })

    it('accepts names with unusual characters', async () => {
      const store = open()
      const names = [
        'a b',
        'a+b',
        'a%20b',
        'é',
        '雪',
        '🪨',
        "!'()*",
        '@&=?#',
        'a@b,c;d',
        '007',
        '1e5',
        '"q"',
        '<&>',
        'a\\b',
      ]
      for (const name of names) expect(await store.create(`odd/${name}`, bytes(name))).toBe(true)
      for (const name of names) {
        expect(await textOf(store, `odd/${name}`)).toBe(name)
        expect(await store.stat(`odd/${name}`)).toBeDefined()
        expect(await store.move(`odd/${name}`, `moved/${name}`)).toBe(true)
      }
      expect((await store.children('moved/')).sort()).toEqual([...names].sort())
      const listed: string[] = []
      for await (const { path } of store.list('moved/')) listed.push(path)
      expect(listed.sort()).toEqual(names.map((name) => `moved/${name}`).sort())
    })

    it('lists thousands of records', async () => {
      const store = open()
      const paths = Array.from({ length: 2_500 }, (_, index) => `run/ends/task@${index}`)
      const left = [...paths]
      const writer = async () => {
        for (let path; (path = left.pop());) await store.create(path, bytes(path))
      }
      await Promise.all(Array.from({ length: 16 }, writer))
      const listed: string[] = []
      for await (const { path } of store.list('run/')) listed.push(path)
      expect(listed.sort()).toEqual(paths.sort())
      expect(await store.children('run/ends/')).toHaveLength(2_500)
      expect(await store.children('run/')).toEqual(['ends'])
    })

    it('lets the reader stop a listing early', async () => {
      const store = open()
      for (const name of ['1', '2', '3']) await store.create(`a/${name}`, bytes(name))
      for await (const { path } of store.list('a/')) {
        expect(path).toBe('a/1')
        break
      }
      expect(await store.children('a/')).toHaveLength(3)
    })

    it('uploads, moves and downloads 300 MB with less than 100 MB of memory', async () => {
      const store = open()
      const file = join(await store.scratch(), 'large')
      const hash = createHash('sha256')
      for (let index = 0; index < 300; index++) {
        const piece = randomBytes(1_000_000)
        hash.update(piece)
        appendFileSync(file, piece)
      }
      const digest = hash.digest('hex')
      globalThis.gc?.()
      const before = process.memoryUsage.rss()
      let most = before
      const look = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
      const speeds: string[] = []
      const timed = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
        const started = performance.now()
        const result = await work()
        speeds.push(`${what} ${Math.round(300 / ((performance.now() - started) / 1000))} MB/s`)
        return result
      }
      await timed('up', () => store.put(`objects/${digest}`, { file }))
      expect(await timed('within', () => store.move(`objects/${digest}`, `trash/${digest}`))).toBe(true)
      const elsewhere = open({ cache: join(folder, 'elsewhere') })
      const fetched = (await timed('down', () => elsewhere.fetch(`trash/${digest}`)))!
      clearInterval(look)
      console.info(`300 MB: ${speeds.join(', ')}; ${Math.round((most - before) / 1e6)} MB more memory`)
      const found = createHash('sha256')
      await pipeline(createReadStream(fetched), found)
      expect(found.digest('hex')).toBe(digest)
      expect(most - before).toBeLessThan(100_000_000)
    })
  })
})
