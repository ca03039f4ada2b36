/** The programs of Cairn, and the entry modules of each: names of modules in the bundle, and their sources. */

const COMPUTES = {
  worker: 'libs/drivers/src/compute/built-worker.ts',
  'module-redirects': 'libs/drivers/src/compute/module-redirects.ts',
  kernel: 'libs/kernel/src/index.ts',
  kinds: 'libs/kinds/src/index.ts',
  connectors: 'libs/connectors/src/index.ts',
}
/** Loaded by `node --import` if requested. */
const TRACKING = { tracking: 'libs/tracking/src/register.js', exporter: 'libs/tracking/src/exporter.ts' }
export const APPS = {
  cli: { main: 'apps/cli/src/main.ts', supervisor: 'apps/cli/src/local/supervisor.ts', ...COMPUTES },
  stage: { main: 'apps/stage/src/main.ts', ...COMPUTES, ...TRACKING },
  control: {
    main: 'apps/control/src/main.ts',
    planner: 'apps/control/src/planner-main.ts',
    ...COMPUTES,
    ...TRACKING,
  },
}
