// Stops the processes named in its arguments once whoever started it is gone, however that came about: its standard
// input is a pipe from there.
import { stopProcess } from '@cairn/drivers/stop-process'

process.stdin.resume().on('close', () => void Promise.all(process.argv.slice(2).map((name) => stopProcess(name))))
