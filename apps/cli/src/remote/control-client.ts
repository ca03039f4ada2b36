import { askControl, type Busy, type ControlOptions } from '@cairn/drivers/store/control'
import { jsonText } from '@cairn/kernel'
import type { paths } from './control-api.ts'

/** Requests to control, typed by its OpenAPI document. */

/** The addresses that accept a method. */
export type Address<Method extends 'get' | 'post'> = {
  [Path in keyof paths]: paths[Path][Method] extends object ? Path : never
}[keyof paths]

/** The successful response of an address. */
export type Answer<Path extends keyof paths, Method extends 'get' | 'post' = 'get'> = JsonResponse<paths[Path][Method]>
type JsonResponse<Operation> = Operation extends { responses: infer All }
  ? {
      [Status in keyof All]: All[Status] extends { content: { 'application/json': infer Body } } ? Body : never
    }[keyof All]
  : never

/** Path parameters and query of an address. */
export type Params<Path extends keyof paths, Method extends 'get' | 'post'> = paths[Path][Method] extends {
  parameters: infer All
}
  ? Omit<All, 'header' | 'cookie'>
  : never
type Body<Operation> = Operation extends { requestBody?: { content: { 'application/json': infer Json } } }
  ? Json
  : undefined

interface RequestLimits {
  /** Time limit of the complete response in milliseconds; null for none. */
  readonly deadline?: number | null
  readonly signal?: AbortSignal
}
interface PostOptions extends RequestLimits {
  readonly headers?: Readonly<Record<string, string>>
  /** Called each time control is overloaded. */
  readonly onBusy?: (busy: Busy) => void
}

export async function getFrom<Path extends Address<'get'>>(
  control: ControlOptions,
  path: Path,
  params: Params<Path, 'get'>,
  limits: RequestLimits = {},
): Promise<Answer<Path>> {
  const answer = await askControl(control, addressOf(path, params), limits)
  return (await answer.json()) as Answer<Path>
}

/** Time limit of requests, in milliseconds. Planning reads the sources. */
const PLANNING_MS = 150_000

export async function postTo<Path extends Address<'post'>>(
  control: ControlOptions,
  path: Path,
  { body, ...params }: Params<Path, 'post'> & { readonly body: Body<paths[Path]['post']> },
  { headers, deadline = PLANNING_MS, onBusy }: PostOptions = {},
): Promise<Answer<Path, 'post'>> {
  const answer = await askControl(control, addressOf(path, params), {
    method: 'POST',
    body: jsonText(body ?? {}),
    headers: { 'content-type': 'application/json', ...headers },
    deadline,
    ...(onBusy && { onBusy }),
  })
  return (await answer.json()) as Answer<Path, 'post'>
}

/** An address with its path parameters and query. */
export function addressOf(template: string, { path = {}, query = {} }: AddressValues): string {
  const address = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(path[name]!))
  const values = Object.entries(query).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, String(one)]),
  )
  return values.length === 0 ? address : `${address}?${new URLSearchParams(values).toString()}`
}
interface AddressValues {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, Value | readonly Value[] | undefined>>
}
type Value = string | number | boolean
