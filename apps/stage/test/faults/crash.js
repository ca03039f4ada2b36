// Loaded into a service with `node --import`. Kills it once, at the point that the file CAIRN_TEST_CRASH names.
import { subscribe } from 'node:diagnostics_channel'
import { readFileSync, renameSync } from 'node:fs'

const file = process.env['CAIRN_TEST_CRASH']

function reach(point) {
  let armed
  try {
    armed = readFileSync(file, 'utf8')
  } catch {
    return
  }
  if (armed !== point) return
  renameSync(file, `${file}.reached`)
  process.kill(process.pid, 'SIGKILL')
}

const isEnd = ({ data: { node }, type }) => node !== undefined && /\.(completed|failed|cancelled)$/.test(type)
const isPart = (path) => /\/objects\/.*[?&]partNumber=/.test(path)

if (file !== undefined) {
  subscribe('tracing:cairn:task:start', () => reach('event received'))
  subscribe('cairn:output', () => reach('computing'))
  subscribe('http.client.response.finish', ({ request: { method, path } }) => {
    if (method === 'PUT' && isPart(path)) reach('uploading')
    if (method === 'PUT' && path.includes('/ends/')) reach('end recorded')
  })
  subscribe('http.client.request.created', ({ request: { method, path } }) => {
    if (method === 'PUT' && path.includes('/checkpoints/')) reach('objects stored')
    if (method === 'PUT' && path.includes('/ends/')) reach('checkpoint stored')
  })
  subscribe('tracing:cairn:publish:asyncEnd', ({ events, error }) => {
    if (error === undefined && events.some(isEnd)) reach('event published')
  })
}

// Ends this process after its parent has ended for any reason.
const parent = process.ppid
setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1_000).unref()
