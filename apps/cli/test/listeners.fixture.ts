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

/** Processes whose command names a folder. */
export function processesOf(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const isOfIt = /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(folder)
      return isOfIt ? [Number(name)] : []
    } catch {
      return [] // it has just ended
    }
  })
}
