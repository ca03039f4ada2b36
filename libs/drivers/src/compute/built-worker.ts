/** Only as it was built: the process that bodies run in. From sources, the pool starts the imported module itself. */
import './module-redirects.ts'
import './worker-main.ts'
