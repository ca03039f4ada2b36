import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { afterEach, describe, expect, it } from 'vitest'
import { HealthModule, type Health } from './health.module.ts'

describe('the probes of a service', () => {
  let app: NestFastifyApplication
  afterEach(() => app.close())

  const ask = async (probe: string, health: Health) => {
    app = await NestFactory.create<NestFastifyApplication>(HealthModule.forRoot(health), new FastifyAdapter(), {
      logger: false,
    })
    await app.init()
    const { statusCode, body } = await app.inject({ method: 'GET', url: `/health/${probe}` })
    return { statusCode, findings: JSON.parse(body) as unknown }
  }
  const well: Health = { live: async () => ({ loop: 'ok' }), ready: async () => ({ store: 'ok', events: 'ok' }) }

  it('answer 200 with the findings if everything is healthy', async () => {
    expect(await ask('live', well)).toEqual({ statusCode: 200, findings: { loop: 'ok' } })
    await app.close()
    expect(await ask('ready', well)).toEqual({ statusCode: 200, findings: { store: 'ok', events: 'ok' } })
  })

  it('answer 503 with healthy and unhealthy findings', async () => {
    const ready = async () => ({ store: 'ok', events: 'no broker answers' })
    expect(await ask('ready', { ...well, ready })).toEqual({
      statusCode: 503,
      findings: { store: 'ok', events: 'no broker answers' },
    })
  })

  it('separate liveness from readiness: an outside outage causes no restart', async () => {
    const ready = async () => ({ store: 'gone' })
    expect(await ask('live', { ...well, ready })).toMatchObject({ statusCode: 200 })
    await app.close()
    expect(await ask('live', { ...well, live: async () => ({ heartbeat: 'none for 120 s' }) })).toEqual({
      statusCode: 503,
      findings: { heartbeat: 'none for 120 s' },
    })
  })
})
