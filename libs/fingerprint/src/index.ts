export { loadFault } from './load-fault.ts'
export { closures, type ClosuresOptions } from './closures.ts'
export { changeText, explain, type Change } from './explain.ts'
export { fitter, type FitterOptions } from './packages/fit.ts'
