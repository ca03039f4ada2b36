import { expect, test } from 'vitest'
import { CliProject } from './project.fixture.ts'

test('the result of a step does not depend on the locale and the time zone of the machine', async () => {
  const values = []
  for (const env of [
    { LC_ALL: 'de_DE.UTF-8', TZ: 'Asia/Tokyo' },
    { LC_ALL: 'en_US.UTF-8', TZ: 'UTC' },
  ]) {
    const project = new CliProject({
      'p.pipeline.ts': `import { pipeline, step } from '@cairn/kernel'
        import { json } from '@cairn/kinds'
        export const first = step('first', { outputs: { v: json() }, run: () => ({ v: 1 }) })
        export const second = step('second', { inputs: { v: json() }, outputs: { text: json() }, run: () => ({
          text: [(1234.5).toLocaleString(), new Date(0).toLocaleString(), ['z', 'ä'].sort((a, b) => a.localeCompare(b))] }) })
        export default pipeline('p', {}, () => second(first({})))`,
    })
    // The second time its body is known to be short.
    for (const force of [[], ['--force', 'second']])
      expect(await project.cairnWith(env, 'run', 'p', ...force)).toMatchObject({ code: 0 })
    values.push((await project.cairnWith(env, '--json', 'cat', 'p/latest/second/text')).stdout)
  }
  expect(values[0]).toContain('1,234.5')
  expect(values[0]).toBe(values[1])
})
