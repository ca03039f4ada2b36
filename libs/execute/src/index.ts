export { withBuiltIns } from './built-ins.ts'
export { type LoadedCode, type BodyEnvironment, execute } from './execute.ts'
