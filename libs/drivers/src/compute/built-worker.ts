/** Entry point of worker processes in a build. From source, a pool starts `worker-main.ts`. */
import './module-redirects.ts'
import './worker-main.ts'
