/** Addresses of this machine. */
const LOOPBACK = 'localhost,127.0.0.1,[::1]'

// With NODE_USE_ENV_PROXY or --use-env-proxy, Node also sends requests to this machine through the proxy, which cannot
// reach it. Set for this process, whose `fetch` reads it each time, and for its child processes.
for (const name of ['NO_PROXY', 'no_proxy']) {
  const before = process.env[name]
  if (name === 'NO_PROXY' || before !== undefined) process.env[name] = before ? `${before},${LOOPBACK}` : LOOPBACK
}
