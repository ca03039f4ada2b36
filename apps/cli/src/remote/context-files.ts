import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export function contextFolder(root: string): string {
  return join(root, '.cairn', 'contexts')
}

export function contextNames(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []))
}
