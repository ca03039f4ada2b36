// Stops the processes in its arguments once its parent is gone, however that ended: its standard input is a pipe from the
// parent.
import { stopProcess } from '@cairn/drivers/stop-process'

process.stdin.resume().on('close', () => void Promise.all(process.argv.slice(2).map((name) => stopProcess(name))))
