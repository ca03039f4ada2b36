// Loaded with `node --import`. This is plain JavaScript, because NODE_OPTIONS reaches every Node: older versions, which
// start Cairn again with a newer one, and threads.
import { isMainThread } from 'node:worker_threads'

const isOff = process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true'
const [major, minor] = process.versions.node.split('.').map(Number)
if (isMainThread && !isOff && (major > 22 || (major === 22 && minor >= 19))) await import('./watch.ts')
