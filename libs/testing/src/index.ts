export { callStep } from './call-step.ts'
