/** Sets what suits pipelines where nothing else is asked for. */
export function applyDefaults(env: NodeJS.ProcessEnv): void {
  if (!/(^|,)\s*service\.name=/.test(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '')) env['OTEL_SERVICE_NAME'] ??= 'cairn'
  // Not `process`: its arguments are parameters, which are no one's business.
  env['OTEL_NODE_RESOURCE_DETECTORS'] ??= 'env,host,serviceinstance'
  env['OTEL_BSP_SCHEDULE_DELAY'] ??= '1000' // at most so much is lost when a process is killed
  env['OTEL_BSP_MAX_QUEUE_SIZE'] ??= '8192'
  env['OTEL_BLRP_MAX_QUEUE_SIZE'] ??= '8192'
  env['OTEL_NODE_EXPERIMENTAL_SDK_METRICS'] ??= 'true' // what its queues drop, and what does not arrive
  // A span's parent is often made by another process: only the trace's id tells all of them the same.
  const sampler = env['OTEL_TRACES_SAMPLER']
  if (sampler !== undefined) env['OTEL_TRACES_SAMPLER'] = sampler.replace(/^parentbased_/, '')
}
