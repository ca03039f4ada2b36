/** Modules of a bundle: their sources, from the repository's folder, by name. */
export type Modules = Readonly<Record<string, string>>

const COMPUTES: Modules = {
  worker: 'libs/drivers/src/compute/built-worker.ts',
  'module-redirects': 'libs/drivers/src/compute/module-redirects.ts',
  kernel: 'libs/kernel/src/index.ts',
  kinds: 'libs/kinds/src/index.ts',
  connectors: 'libs/connectors/src/index.ts',
}
/** Loaded by `node --import` if requested. */
const TRACKING: Modules = { tracking: 'libs/tracking/src/register.js', exporter: 'libs/tracking/src/exporter.ts' }
const PLANNER: Modules = { planner: 'apps/control/src/planner-main.ts' }

/** The programs of Cairn, each with the modules that it starts in processes of its own. */
export const APPS: Readonly<Record<string, Modules>> = {
  cli: { main: 'apps/cli/src/main.ts', supervisor: 'apps/cli/src/local/supervisor.ts', ...COMPUTES },
  stage: { main: 'apps/stage/src/main.ts', ...COMPUTES, ...TRACKING },
  control: { main: 'apps/control/src/main.ts', ...PLANNER, ...COMPUTES, ...TRACKING },
}

/** Both services in one bundle, which shares what both load. */
export const SERVICES: Modules = {
  control: 'apps/control/src/main.ts',
  stage: 'apps/stage/src/main.ts',
  ...PLANNER,
  ...COMPUTES,
  ...TRACKING,
}
