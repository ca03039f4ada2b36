/** A pool's process. */
import './loaded-packages.ts'

await import('./worker.ts') // only now, so that what it loads is noted
