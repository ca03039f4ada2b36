import { spawn } from 'node:child_process'
import { refuse } from './refusal.ts'

const MANAGERS = ['npm', 'pnpm', 'yarn', 'bun'] as const
type Manager = (typeof MANAGERS)[number]

/** The package manager that started this program, from its user agent: `pnpm/10.1.0 npm/? node/v24.1.0 linux x64`. */
export function managerOf(userAgent = ''): Manager {
  return MANAGERS.find((manager) => userAgent.startsWith(`${manager}/`)) ?? 'npm'
}

/** Installs the packages of a project. Shows what the package manager prints. */
export async function installPackages(manager: Manager, folder: string): Promise<void> {
  const isWindows = process.platform === 'win32'
  const child = spawn(manager, ['install'], { cwd: folder, stdio: 'inherit', shell: isWindows })
  const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('exit', done))
  if (code !== 0) refuse(`${manager} install failed`, `cd ${folder}, solve what it reports, then ${manager} install`)
}
