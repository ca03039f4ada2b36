import { memoryStore } from './memory.ts'
import { storeSuite } from './store.suite.ts'

storeSuite('memory', () => memoryStore())
