export { closures, type ClosuresOptions } from './closures.ts'
export { changeText, explain, type Change } from './explain.ts'
export { lintPipelines, type LintFinding } from './lint/lint.ts'
