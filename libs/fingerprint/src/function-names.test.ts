import { afterEach, expect, it } from 'vitest'
import { changeText, explain } from './explain.ts'
import { TemporaryProject } from './project.fixture.ts'

afterEach(() => TemporaryProject.removeAll())

/** Two projects with the same code, except that `#` stands for a different name in each. */
function two(code: string, files: Readonly<Record<string, string>> = {}) {
  return ['One', 'Other'].map((name) => {
    const written = (text: string) => text.replaceAll('#', name)
    const others = Object.fromEntries(Object.entries(files).map(([file, text]) => [file, written(text)]))
    return new TemporaryProject({
      ...others,
      'steps.ts': written(
        `import { step } from '@cairn/kernel'\n${code.replace('RUN ', "export const main = step('main', { outputs: {}, run: () => ")} })`,
      ),
    })
  })
}
const valueOf = async (project: TemporaryProject) => JSON.stringify(await (await project.emitted())['run']())

it.each([
  ['a function', 'const # = (x: number) => x\nRUN #.name'],
  ['a declared function', 'function #() {}\nRUN #["name"]'],
  ['a class', 'class # {}\nRUN #?.name'],
  ["an object's class", 'class # {}\nRUN new #().constructor.name'],
  [
    "an object's class, told by a function",
    'class # {}\nconst kindOf = (x: object) => x.constructor.name\nRUN kindOf(new #())',
  ],
  ['a class, told by itself', 'class # { get kind() { return this.constructor.name } }\nRUN new #().kind'],
  ['a class, told by a static method', 'class # { static kind() { return this.name } }\nRUN #.kind()'],
  ['a class, told by a static block', 'class # { static kind = ""; static { this.kind = this.name } }\nRUN #.kind'],
  [
    'a class, told by its constructor',
    'class # extends Error { constructor() { super(); this.name = new.target.name } }\nRUN new #().name',
  ],
  ['a class, taken out of it,', 'class # {}\nconst { name } = new #().constructor\nRUN name'],
  ['a function inside', 'RUN { const # = () => 1; return #.name }'],
])('the name of %s is part of the fingerprint if code reads it', async (_, code) => {
  const [one, other] = two(code) as [TemporaryProject, TemporaryProject]
  expect([await valueOf(one), await valueOf(other)]).toEqual(['"One"', '"Other"'])
  expect(await one.fingerprint()).not.toBe(await other.fingerprint())
})

it('a changed name is reported as the reason', async () => {
  const [one, other] = two('class # {}\nconst kindOf = (x: object) => x.constructor.name\nRUN kindOf(new #())')
  const [before, after] = [(await one!.closure()).manifest, (await other!.closure()).manifest]
  expect(explain('main', before, after).map(changeText)).toEqual(['Other in steps.ts replaced One'])
})

it('the name of a class of another module is part of the fingerprint if code reads it', async () => {
  const [one, other] = two("import { #, kindOf } from './model.ts'\nRUN [kindOf(new #()), #.name]", {
    'model.ts': 'export class # {}\nexport const kindOf = (x: object) => x.constructor.name',
  }) as [TemporaryProject, TemporaryProject]
  expect([await valueOf(one), await valueOf(other)]).toEqual(['["One","One"]', '["Other","Other"]'])
  expect(await one.fingerprint()).not.toBe(await other.fingerprint())
})

it.each([
  ['code does not read it', 'class # { x = 1 }\nRUN new #().x'],
  ["code only reads an object's own name", 'const # = { name: "x" }\nRUN #.name'],
  ['code only reads the name of its argument', 'const # = (row: { name: string }) => row.name\nRUN #({ name: "x" })'],
  ['it only sets its own name', 'class # extends Error { name = "x" }\nRUN new #().message'],
])('a name is not part of the fingerprint if %s', async (_, code) => {
  const [one, other] = two(code) as [TemporaryProject, TemporaryProject]
  expect(await one.fingerprint()).toBe(await other.fingerprint())
})
