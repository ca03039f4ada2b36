import { deploy } from './deploy.suite.ts'
import { events } from './events.suite.ts'
import { inOneWorld } from './shared-world.fixture.ts'
import { store } from './store.suite.ts'

inOneWorld('faults of events, of the store, and while code is deployed', [store, events, deploy])
