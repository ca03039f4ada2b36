/** Entry point of a pool's worker process. */
import './loaded-packages.ts'

await import('./worker.ts') // dynamic, so that the import above already records what it loads
