// Loaded with `node --import`. This is plain JavaScript, because NODE_OPTIONS reaches every Node: older versions, which
// start Cairn again with a newer one, and threads.
import { isMainThread } from 'node:worker_threads'

const isOff = process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true'
if (isMainThread && !isOff && Number(process.versions.node.split('.')[0]) >= 24) await import('./watch.ts')
