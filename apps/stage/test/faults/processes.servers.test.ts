import { cancels } from './cancels.suite.ts'
import { kills } from './kills.suite.ts'
import { inOneWorld } from './shared-world.fixture.ts'
import { stops } from './stops.suite.ts'

inOneWorld('faults of processes', [kills, stops, cancels])
