/** Sets defaults for OpenTelemetry environment variables that are not set. */
export function applyDefaults(env: NodeJS.ProcessEnv): void {
  if (!/(^|,)\s*service\.name=/.test(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')) env['OTEL_SERVICE_NAME'] ??= 'cairn'
  // Not `process`: it reports the arguments of the process, which may contain parameters.
  env['OTEL_NODE_RESOURCE_DETECTORS'] ??= 'env,host,serviceinstance'
  env['OTEL_BSP_SCHEDULE_DELAY'] ??= '1000' // at most one second of spans is lost when a process is killed
  env['OTEL_BSP_MAX_QUEUE_SIZE'] ??= '8192'
  env['OTEL_BLRP_MAX_QUEUE_SIZE'] ??= '8192'
  env['OTEL_NODE_EXPERIMENTAL_SDK_METRICS'] ??= 'true' // counts dropped and failed exports
  // The parent of a span is often in another process. If all processes sample by the trace id, they decide alike.
  const sampler = env['OTEL_TRACES_SAMPLER']
  if (sampler !== undefined) env['OTEL_TRACES_SAMPLER'] = sampler.replace(/^parentbased_/, '')
}
