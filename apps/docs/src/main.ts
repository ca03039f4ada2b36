// npm run docs: builds the documentation site into apps/docs/dist, or into the folder given.
// npm run docs:dev: serves it while pages are edited.
import { build, createServer } from 'vitepress'
import { SITE } from './folders.ts'
import { writeReference } from './reference.ts'

const [command, outDir] = process.argv.slice(2)
await writeReference()
if (command === 'dev') {
  const server = await createServer(SITE)
  await server.listen()
  server.printUrls()
} else await build(SITE, outDir === undefined ? {} : { outDir }) // a link to a page that does not exist is an error
