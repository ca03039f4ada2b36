// The summary of `npm test`: shows what failed in the last lines of a log.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { root } from './install.js'

const SHOWN_FAILURES = 10
const SHOWN_FILES = 5
const WIDTH = 400
/** Of these, for the beginning and the end of a test's name. */
const WHERE = 200

/**
 * @typedef {{ target: string, project: string, ok: boolean, ms: number }} Task
 * @typedef {{ files: { file: string, ms: number }[], failures: { where: string, error: string }[] }} Report
 */

/** The tasks of the Nx command that has just ended. @returns {Task[]} */
export function tasksSince(startedAt) {
  const { cacheDir } = createRequire(import.meta.url)(join(root, 'node_modules/nx/dist/src/utils/cache-directory.js'))
  try {
    const { run, tasks } = JSON.parse(readFileSync(join(cacheDir, 'run.json'), 'utf8'))
    if (Date.parse(run.startTime) < startedAt) return []
    return tasks.map(({ target, projectName, status, startTime, endTime }) => ({
      target,
      project: projectName,
      ok: status === 0,
      ms: Date.parse(endTime) - Date.parse(startTime),
    }))
  } catch {
    return [] // the command was interrupted
  }
}

/** The report of reporter.js. @returns {Report} */
export function readReports(folder) {
  const reports = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')))
  return {
    files: reports.flatMap(({ files }) => files),
    failures: reports.flatMap(({ failures }) => failures),
  }
}

/** @param {Task[]} tasks @param {Report} report @returns {string[]} at most 20 lines */
export function summary(tasks, { files, failures }) {
  const targets = [...new Set(tasks.map(({ target }) => target))].map((target) => {
    const its = tasks.filter((task) => task.target === target)
    const failed = its.filter(({ ok }) => !ok).map(({ project }) => project)
    const ms = its.reduce((sum, task) => sum + task.ms, 0)
    const what = failed.length === 0 ? 'passed' : `FAILED  ${its.length > 1 ? failed.join(', ') : ''}`.trim()
    return `${target.padEnd(10)} ${seconds(ms).padStart(7)}  ${what}`
  })
  const slow = files.toSorted((a, b) => b.ms - a.ms).slice(0, SHOWN_FILES)
  const more = failures.length - SHOWN_FAILURES
  return [
    ...targets,
    ...(slow.length === 0 ? [] : [`slowest    ${slow.map(({ file, ms }) => `${file} ${seconds(ms)}`).join(', ')}`]),
    ...failures.slice(0, SHOWN_FAILURES).map(({ where, error }) => {
      const test = where.length > WHERE ? `${where.slice(0, 60)} … ${where.slice(63 - WHERE)}` : where
      return `FAILED     ${test}: ${error}`.slice(0, WIDTH)
    }),
    ...(more > 0 ? [`           and ${more} more`] : []),
  ]
}

function seconds(ms) {
  return `${Math.round(ms / 1_000)} s`
}
