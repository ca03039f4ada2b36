// A Vitest reporter: records failures and the time of each file for summary.js.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export default class {
  onTestRunEnd(modules, unhandled) {
    const failures = modules.flatMap((module) => {
      const file = module.relativeModuleId
      const parts = [module, ...module.children.allSuites(), ...module.children.allTests()]
      return parts.flatMap((part) => {
        const errors = part.type === 'test' ? (part.result().errors ?? []) : part.errors()
        const where = part === module ? file : `${file} > ${part.fullName}`
        return errors.slice(0, 1).map((error) => ({ where, error: firstLine(error) }))
      })
    })
    const outside = unhandled.map((error) => ({ where: 'an error outside of tests', error: firstLine(error) }))
    const files = modules.map((module) => ({ file: module.relativeModuleId, ms: module.diagnostic().duration }))
    writeFileSync(
      join(process.env.CAIRN_TEST_REPORTS, `${process.pid}.json`),
      JSON.stringify({ files, failures: [...failures, ...outside] }),
    )
  }
}

function firstLine({ message, name }) {
  return (message || name || 'an error').split('\n')[0]
}
