import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

const LISTEN = '0A'
/** 127.0.0.1, as the kernel tells it: alone, or in the place of an IPv6 address; and ::1. */
const LOOPBACK: ReadonlySet<string> = new Set([
  '0100007F',
  '0000000000000000FFFF00000100007F',
  '00000000000000000000000001000000',
])

/** How many ports a process listens at that only this machine reaches, and how many that others may reach, too. */
export function listeners(pid: number): { loopback: number; open: number } {
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((name) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${name}`)
      } catch {
        return '' // it has just been closed
      }
    }),
  )
  const addresses = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTEN && sockets.has(`socket:[${fields[9]}]`))
      .map((fields) => fields[1]!.split(':')[0]!),
  )
  const loopback = addresses.filter((address) => LOOPBACK.has(address)).length
  return { loopback, open: addresses.length - loopback }
}

/** Services of a stack's folder that have a process, once for each: by their environment, whatever is written down. */
export function servicesOf(folder: string): string[] {
  const found = readdirSync('/proc').flatMap((name) => {
    try {
      if (!/^\d+$/.test(name) || !isService(name)) return []
      const variables = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      const mark = variables.find((variable) => variable.startsWith(`CAIRN_SERVICE=["${folder}"`))
      return mark === undefined ? [] : [(JSON.parse(mark.slice('CAIRN_SERVICE='.length)) as string[])[1]!]
    } catch {
      return [] // it has just ended
    }
  })
  return found.sort()
}

/** Not one of the processes that a service computes in. */
function isService(pid: string): boolean {
  return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/worker')
}
