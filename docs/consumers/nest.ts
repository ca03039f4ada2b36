import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { StageEvent } from '@cairn/consumer'
import { openConnection, readConnection } from '@cairn/drivers/connection'
import { evaluate } from '@cairn/pipelines/flight-delays/evaluate'
import { flightDelays } from '@cairn/pipelines/flight-delays/pipeline'
import { CairnStrategy, OnStage } from '@cairn/stage'

@Controller()
class Notifier {
  @OnStage(evaluate, 'completed')
  async notify(done: StageEvent<typeof evaluate>): Promise<void> {
    const { metrics } = await done.outputs('metrics')
    console.log(done.id, metrics.auc)
  }
}

@Module({ controllers: [Notifier] })
class NotifierModule {}

const connection = readConnection()
const connected = await openConnection(connection, { clientId: 'notifier' })
const strategy = new CairnStrategy({
  ...connected,
  env: connection.env,
  pipeline: flightDelays,
  group: 'notifier',
  from: 'beginning',
})
const app = await NestFactory.createMicroservice(NotifierModule, { strategy, logger: false })
await app.listen()

for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, async () => {
    await app.close()
    await connected.close()
  })
