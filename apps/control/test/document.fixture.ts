import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { ControlModule, type ControlModuleOptions } from '../src/control.module.ts'
import { documentOf } from '../src/document.ts'

/** Control's OpenAPI document, which does not depend on what control stands on. */
export async function documentAlone(): Promise<object> {
  const nothing = { control: { host: { store: {}, env: 'local' } }, health: {} }
  const options = new Proxy(nothing, { get: (known, name) => known[name as keyof typeof known] ?? {} })
  const app = await NestFactory.create(
    ControlModule.forRoot(options as unknown as ControlModuleOptions),
    new FastifyAdapter(),
    {
      logger: false,
    },
  )
  try {
    return JSON.parse(JSON.stringify(documentOf(app))) as object
  } finally {
    await app.close()
  }
}
