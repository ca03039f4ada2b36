#!/usr/bin/env node
// Plain JavaScript, so that any Node gets as far as the message about its version.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) await import('./load.js')
else {
  console.error(
    `error  a Cairn project needs Node 22.19 or newer, and this is Node ${process.versions.node}\nnext   install a newer Node, for example from https://nodejs.org`,
  )
  process.exit(1)
}
