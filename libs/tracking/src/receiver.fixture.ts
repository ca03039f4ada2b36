import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'

/** What an OTLP receiver has received over real HTTP. */
export interface Receiver extends AsyncDisposable {
  /** Environment variables for processes that send to this receiver. */
  readonly env: Readonly<Record<string, string>>
  readonly spans: readonly ReceivedSpan[]
  readonly logs: readonly ReceivedLog[]
  /** The last value of each metric, service instance and set of attributes. */
  readonly metrics: readonly ReceivedMetric[]
  /** Resolves when `isEnough` returns true. Rejects after `ms` milliseconds; default 5 minutes. */
  until(isEnough: (receiver: Receiver) => boolean, ms?: number): Promise<void>
}
export type Attributes = Readonly<Record<string, unknown>>
export interface ReceivedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  /** https://github.com/open-telemetry/opentelemetry-proto: 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  readonly kind: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: Attributes
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: Attributes }[]
  readonly isError: boolean
  readonly resource: Attributes
}
export interface ReceivedLog {
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly body: string
  readonly attributes: Attributes
  readonly resource: Attributes
}
export interface ReceivedMetric {
  readonly name: string
  readonly attributes: Attributes
  /** The number of values of a histogram. */
  readonly count: number
  /** The total of a counter. */
  readonly sum: number
  readonly resource: Attributes
}

/**
 * Starts an OTLP receiver on a free port.
 *
 * @param answers if false, it accepts every request and never responds; default true
 */
export async function startReceiver({ answers = true } = {}): Promise<Receiver> {
  const spans: ReceivedSpan[] = []
  const logs: ReceivedLog[] = []
  const metrics = new Map<string, ReceivedMetric>()
  const server = createServer((request, response) => {
    if (!answers) return
    void bodyOf(request).then((body) => {
      if (request.url === '/v1/traces') spans.push(...readSpans(body))
      if (request.url === '/v1/logs') logs.push(...readLogs(body))
      if (request.url === '/v1/metrics')
        for (const metric of readMetrics(body))
          metrics.set(JSON.stringify([metric.name, metric.attributes, metric.resource]), metric)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo

  const receiver: Receiver = {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
    spans,
    logs,
    get metrics() {
      return [...metrics.values()]
    },
    async until(isEnough, ms = 300_000) {
      const late = performance.now() + ms
      while (!isEnough(receiver)) {
        if (performance.now() > late)
          throw new Error(`received only ${JSON.stringify(spans.map(({ name }) => name))} in ${ms} ms`)
        await sleep(20)
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
  return receiver
}

/** Spans with a parent that was not received. */
export function orphansIn(spans: readonly ReceivedSpan[]): ReceivedSpan[] {
  const known = new Set(spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`))
  return spans.filter(
    ({ traceId, parentSpanId }) => parentSpanId !== undefined && !known.has(`${traceId}/${parentSpanId}`),
  )
}

/** A trace as lines of span names, indented below their parents, in the order in which they started. */
export function treeOf(spans: readonly ReceivedSpan[], parent?: ReceivedSpan): string[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
    .sort((a, b) => a.startedAt - b.startedAt)
    .flatMap((span) => [span.name, ...treeOf(spans, span).map((line) => `  ${line}`)])
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const bytes = Buffer.concat(parts)
  return JSON.parse(String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)) as Json
}

/** OTLP's JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
// oxlint-disable-next-line typescript/no-explicit-any
type Json = any

function readSpans({ resourceSpans }: Json): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }: Json) =>
    scopeSpans.flatMap(({ spans }: Json) =>
      spans.map((span: Json) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        kind: span.kind,
        startedAt: Number(span.startTimeUnixNano) / 1e6,
        endedAt: Number(span.endTimeUnixNano) / 1e6,
        attributes: attributesOf(span),
        links: (span.links ?? []).map((link: Json) => ({ ...link, attributes: attributesOf(link) })),
        isError: span.status?.code === 2,
        resource: attributesOf(resource),
      })),
    ),
  )
}

function readLogs({ resourceLogs }: Json): ReceivedLog[] {
  return resourceLogs.flatMap(({ resource, scopeLogs }: Json) =>
    scopeLogs.flatMap(({ logRecords }: Json) =>
      logRecords.map((record: Json) => ({
        traceId: record.traceId || undefined,
        spanId: record.spanId || undefined,
        body: valueOf(record.body),
        attributes: attributesOf(record),
        resource: attributesOf(resource),
      })),
    ),
  )
}

function readMetrics({ resourceMetrics }: Json): ReceivedMetric[] {
  return resourceMetrics.flatMap(({ resource, scopeMetrics }: Json) =>
    scopeMetrics.flatMap(({ metrics }: Json) =>
      metrics.flatMap(({ name, sum, gauge, histogram }: Json) =>
        (sum ?? gauge ?? histogram).dataPoints.map((point: Json) => ({
          name,
          attributes: attributesOf(point),
          count: Number(point.count ?? 1),
          sum: Number(point.sum ?? point.asInt ?? point.asDouble),
          resource: attributesOf(resource),
        })),
      ),
    ),
  )
}

function attributesOf({ attributes = [] }: Json): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }: Json) => [key, valueOf(value)]))
}

function valueOf(value: Json): unknown {
  if (value?.arrayValue) return value.arrayValue.values.map(valueOf)
  if (value?.intValue !== undefined) return Number(value.intValue)
  return value && Object.values(value)[0]
}
