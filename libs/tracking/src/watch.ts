import { Sender } from './sender.ts'
import { Watcher } from './watcher.ts'

const sender = new Sender()
process.on('exit', sender.close)
new Watcher(sender.send).listen((listener) => (message) => {
  try {
    listener(message)
  } catch {
    sender.drop()
  }
})
