import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { masked, maskedJson, secretIn, secretsFor } from './secrets.ts'

const SECRET = `pa$$ "w/or'd" + <ö>&\\x`
const base64 = (text: string) => Buffer.from(text).toString('base64')
const entities = (text: string, write: (point: number) => string) =>
  Array.from(text, (char) => write(char.codePointAt(0)!)).join('')

const ENCODED: Readonly<Record<string, (secret: string) => string>> = {
  'as it stands': (secret) => secret,
  'in JSON': (secret) => JSON.stringify({ secret }),
  'in JSON within JSON': (secret) => JSON.stringify(JSON.stringify({ secret })),
  'in ASCII JSON': (secret) => JSON.stringify(secret).replace('ö', '\\u00f6'),
  inspected: (secret) => inspect({ secret }),
  'percent-encoded': encodeURIComponent,
  'percent-encoded in lower case': (secret) => encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase()),
  'percent-encoded twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'percent-encoded wholly': (secret) =>
    [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'as an address': encodeURI,
  'in a form': (secret) => String(new URLSearchParams({ secret })),
  'in the user part of an address': (secret) => {
    const url = new URL('http://host')
    url.password = secret
    return url.href
  },
  'in base64': base64,
  'in Basic authorization': (secret) => `Basic ${base64(`user:${secret}`)}`,
  'in base64 one byte later': (secret) => base64(`u${secret} and more`),
  'in base64 two bytes later': (secret) => base64(`us${secret}, `),
  'in base64url': (secret) => Buffer.from(`{"${secret}`).toString('base64url'),
  'in base64, percent-encoded': (secret) => encodeURIComponent(base64(secret)),
  'in hexadecimal': (secret) => Buffer.from(secret).toString('hex'),
  'in hexadecimal capitals': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  'as a buffer': (secret) => inspect(Buffer.from(secret)),
  'as a buffer in JSON': (secret) => JSON.stringify(Buffer.from(secret)),
  'in HTML': (secret) =>
    secret.replace(/[&<>"']/g, (char) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' }[char]};`),
  'in HTML by numbers': (secret) => entities(secret, (point) => `&#${point};`),
  'in HTML by hexadecimal numbers': (secret) => entities(secret, (point) => `&#x${point.toString(16).toUpperCase()};`),
  'in a regular expression': (secret) => secret.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'),
  'in single quotes of a shell': (secret) => `'${secret.replaceAll("'", `'\\''`)}'`,
  'escaped for a shell': (secret) => secret.replace(/[^\w\u0080-\uffff]/g, '\\$&'),
  'in SQL': (secret) => `'${secret.replaceAll("'", "''")}'`,
  'in JSON, percent-encoded': (secret) => encodeURIComponent(JSON.stringify({ secret })),
  'in JSON, in base64': (secret) => base64(JSON.stringify({ secret })),
  'in its composed form': (secret) => secret.normalize('NFC'),
  'in its decomposed form': (secret) => secret.normalize('NFD'),
  'in its decomposed form, in JSON in base64': (secret) => base64(JSON.stringify(secret.normalize('NFD'))),
  'by escape()': (secret) => (globalThis as unknown as { escape: (text: string) => string }).escape(secret),
  'as UTF-16 in base64': (secret) => Buffer.from(`a${secret}`, 'utf16le').toString('base64'),
  'as UTF-16 in hexadecimal': (secret) => Buffer.from(secret, 'utf16le').toString('hex'),
  'as big-endian UTF-16 in hexadecimal': (secret) => Buffer.from(secret, 'utf16le').swap16().toString('hex'),
  'as bytes of UTF-16': (secret) => Buffer.from(secret, 'utf16le').toString(),
  'as bytes of UTF-8 that are read as Latin-1': (secret) => Buffer.from(secret).toString('latin1'),
  'as codes of its characters': (secret) => JSON.stringify(Array.from(secret, (char) => char.codePointAt(0))),
  'in bytes of C': (secret) =>
    [...Buffer.from(secret)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join(''),
  'in CSV': (secret) => `"${secret.replaceAll('"', '""')}"`,
}

describe('a secret in a text', () => {
  it.each(Object.entries(ENCODED))('is masked %s', (_, encode) => {
    for (const secret of [SECRET, 'hunter22', 'a:b@c', '\\\\..\\', '12.5', 'ключ🔑']) {
      const text = masked(`before ${encode(secret)} after`, { TOKEN: secret })
      expect(text).toMatch(/^before .*\*\*\*.* after$/)
      expect(text).not.toContain(secret)
      // What is written around it, and nothing of it but for a quote or two.
      expect(text.length).toBeLessThan(`before ${encode('')} after`.length + 12)
    }
  })

  it.each(['base64', 'hex'] as const)('is masked in %s of its Latin-1 bytes', (encoding) => {
    const secret = 'pässwörd'
    for (const form of [secret, secret.normalize('NFD')]) {
      const text = Buffer.from(`x${secret}`, 'latin1').toString(encoding)
      expect(masked(`before ${text} after`, { TOKEN: form })).toMatch(/^before .{0,2}\*\*\*={0,2} after$/)
    }
    expect(masked(Buffer.from(secret, 'latin1').toString(), { TOKEN: secret })).toBe('***')
  })

  it('is masked in a printed buffer, which shows 50 bytes', () => {
    const secret = 'öpen sesame, '.repeat(9)
    expect(masked(inspect(Buffer.from(secret)), { TOKEN: secret })).toMatch(/^<Buffer \*\*\* \.\.\. 76 more bytes>$/)
  })

  it('may be a long key, in any format', () => {
    const bytes = Buffer.from(Array.from({ length: 2400 }, (_, at) => (at * at * 31) % 251)).toString('base64')
    const KEY = `-----BEGIN PRIVATE KEY-----\n${bytes.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
    for (const encode of [String, JSON.stringify, encodeURIComponent, base64])
      expect(masked(encode(KEY.trim()), { KEY })).toMatch(/^"?\*\*\*(?:"|={1,2})?$/)
    expect(secretIn(JSON.stringify({ KEY }), { KEY })).toBe('KEY')
  })

  it('has its short lines masked next to another of its lines', () => {
    const KEY = '-----BEGIN KEY-----\nabcd1234\n\nxy\nz7\n}\nEFGH5678==\n-----END KEY-----\n'
    expect(masked('abcd1234\nxy\nz7 xyz', { KEY })).toBe('***\n***\n*** xyz')
    expect(masked(JSON.stringify('1 xy\n2 z7'), { KEY })).toBe('"1 ***\\n2 ***"')
    expect(masked('xy or z7\nabc', { KEY })).toBe('xy or z7\nabc')
  })

  it('is masked line by line, as the password of a URL, and as text in JSON', () => {
    const key = '-----BEGIN KEY-----\r\nMIIEvQIBADAN\nhunter\n-----END KEY-----\n'
    expect(masked('1 MIIEvQIBADAN\n2 hunter 3', { KEY: key })).toBe('1 ***\n2 *** 3')
    expect(masked(JSON.stringify({ key }), { KEY: key })).toMatch(/^\{"key":"\*\*\*(\\n)?"\}$/)
    expect(masked('MIIEvQIBADAN', { KEY: key.replaceAll('\n', '\\n') })).toBe('***')
    expect(masked('p%40ss or p@ss', { URL: 'postgres://me:p%40ss@host/db' })).toBe('*** or ***')
    expect(masked('with s3cr3t-k3y', { ACCOUNT: '{ "private_key": "s3cr3t-k3y" }' })).toBe('with ***')
  })

  it('is masked in field names, too, and completely if another secret is part of it', () => {
    const secrets = { SHORT: 'hunter', LONG: 'hunter-and-gatherer' }
    expect(maskedJson({ 'hunter-and-gatherer': ['hunter', 1, null] }, secrets)).toEqual({ '***': ['***', 1, null] })
  })

  it('leaves other texts as they are', () => {
    for (const text of ['hunter2', 'pass word', '%70%61', 'cGFzcw=='])
      expect(masked(text, { TOKEN: 'password', OTHER: 'hunter-2' })).toBe(text)
    expect(masked('anything', {})).toBe('anything')
  })

  it('is found by its name', () => {
    expect(secretIn('it is beta-22', { A: 'alpha-1', B: 'beta-22' })).toBe('B')
    expect(secretIn('it is beta-2', { A: 'alpha-1', B: 'beta-22' })).toBeUndefined()
  })
})

it('refuses a secret that is too short to be masked, by its name', () => {
  const values: Readonly<Record<string, string>> = { PIN: '123', KEY: '1234', BLANK: ' ab \n' }
  const resolve = (name: string) => values[name]
  expect(secretsFor('pay', ['KEY'], resolve)).toEqual({ KEY: '1234' })
  expect(() => secretsFor('pay', ['PIN'], resolve)).toThrow('the secret PIN of pay has fewer than 4 characters')
  expect(() => secretsFor('pay', ['BLANK'], resolve)).toThrow('the secret BLANK of pay')
  expect(() => secretsFor('pay', ['NONE'], resolve)).toThrow('pay needs the secret NONE, which is not set')
})
