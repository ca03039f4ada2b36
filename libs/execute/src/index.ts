export { withBuiltIns } from './built-ins.ts'
export { type LoadedCode, type Surface, execute } from './execute.ts'
