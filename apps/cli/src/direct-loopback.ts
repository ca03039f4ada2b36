/** How a program of this machine is addressed. */
const LOOPBACK = 'localhost,127.0.0.1,[::1]'

// Node asks a proxy also for what runs on this machine (NODE_USE_ENV_PROXY, --use-env-proxy), which none can reach. Set for
// this process, whose `fetch` looks each time, and for those that it starts.
for (const name of ['NO_PROXY', 'no_proxy']) {
  const before = process.env[name]
  if (name === 'NO_PROXY' || before !== undefined) process.env[name] = before ? `${before},${LOOPBACK}` : LOOPBACK
}
