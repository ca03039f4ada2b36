import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { givenServers } from './endpoints.ts'
import { install, lacking } from './programs.ts'

describe('servers for tests', () => {
  it('are those that the environment names', () => {
    const given = { CAIRN_TEST_KAFKA: 'one:9092,two:9092', CAIRN_TEST_S3: 'https://key:se%2Fcret@s3.test:9000' }
    expect(givenServers(given)).toMatchObject({
      kafka: { brokers: ['one:9092', 'two:9092'] },
      s3: { endpoint: 'https://s3.test:9000', accessKey: 'key', secretKey: 'se/cret' },
    })
    expect(givenServers({})).toBeUndefined()
  })

  it('are refused if only one of them is named, or without credentials', () => {
    expect(() => givenServers({ CAIRN_TEST_KAFKA: 'one:9092' })).toThrow(/are needed together/)
    expect(() => givenServers({ CAIRN_TEST_S3: 'http://a:b@c' })).toThrow(/are needed together/)
    expect(() => givenServers({ CAIRN_TEST_KAFKA: 'one:9092', CAIRN_TEST_S3: 'http://c' })).toThrow(/are needed/)
  })
})

describe("a server's program", () => {
  const nowhere = join(import.meta.dirname, 'nowhere')
  const here = { name: 'here', check: [process.execPath, '--version'], package: 'nodejs' }
  const missing = { name: 'missing', check: ['cairn-no-such-program'], package: 'none' }

  it('needs its build tools only until it is built', () => {
    const program = { name: 'p', needs: [here, missing], make: async () => {} }
    expect(lacking({ ...program, folder: nowhere })).toEqual([missing])
    expect(lacking({ ...program, folder: import.meta.dirname })).toEqual([])
    expect(lacking({ ...program, folder: import.meta.dirname }, [missing])).toEqual([missing])
  })

  it('is installed completely or not at all', async () => {
    const failing = { name: 'p', folder: nowhere, needs: [], make: () => Promise.reject(new Error('no network')) }
    await expect(install(failing, () => {})).rejects.toThrow('no network')
    expect(lacking({ ...failing, needs: [missing] })).toEqual([missing])
  })
})
