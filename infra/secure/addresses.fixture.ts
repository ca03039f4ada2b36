/** The data of the environment under test. */
export interface Standing {
  /** Two runs that have completed. */
  readonly runs: readonly [string, string]
  /** Two dead letters. */
  readonly letters: readonly [string, string]
  /** A checkpoint and an object that may be added, by path in the pipeline's folder. */
  readonly record: { readonly path: string; readonly text: string }
  readonly object: { readonly path: string; readonly text: string }
}
export interface Asked {
  readonly path: string
  /** Sent as JSON, or text as bytes. */
  readonly body?: object | string
}

/**
 * By address, a request that succeeds with the needed right, and the requests that must precede it.
 */
export function requestsTo(pipeline: string, standing: Standing): Readonly<Record<string, readonly Asked[]>> {
  const at = `/v1/pipelines/${pipeline}`
  const [first, second] = standing.runs
  const [one, other] = standing.letters
  const { record, object } = standing
  const stored = (what: string, path: string) => `${at}/store/${what}?path=${encodeURIComponent(path)}`
  const plan = `runs/${first}/plan`
  return {
    'GET /v1/checkup': [{ path: '/v1/checkup' }],
    'GET /v1/dead-letters': [{ path: '/v1/dead-letters' }],
    'GET /v1/pipelines': [{ path: '/v1/pipelines' }],
    'GET /v1/pipelines/{pipeline}/dead-letters': [{ path: `${at}/dead-letters` }],
    'GET /v1/pipelines/{pipeline}/dead-letters/{id}': [{ path: `${at}/dead-letters/${one}` }],
    'GET /v1/pipelines/{pipeline}/production': [{ path: `${at}/production` }],
    'GET /v1/pipelines/{pipeline}/runs': [{ path: `${at}/runs` }],
    'GET /v1/pipelines/{pipeline}/runs/{run}': [{ path: `${at}/runs/${first}` }],
    'GET /v1/pipelines/{pipeline}/runs/{run}/events': [{ path: `${at}/runs/${first}/events` }],
    'GET /v1/pipelines/{pipeline}/runs/{run}/missing-stages': [{ path: `${at}/runs/${first}/missing-stages` }],
    'GET /v1/pipelines/{pipeline}/store/children': [{ path: stored('children', 'runs/') }],
    'GET /v1/pipelines/{pipeline}/store/object': [{ path: stored('object', plan) }],
    'GET /v1/pipelines/{pipeline}/store/record': [{ path: stored('record', plan) }],
    'GET /v1/pipelines/{pipeline}/store/stat': [{ path: stored('stat', plan) }],
    'POST /v1/pipelines/{pipeline}/plan': [{ path: `${at}/plan`, body: {} }],
    'POST /v1/pipelines/{pipeline}/runs': [{ path: `${at}/runs`, body: {} }],
    'POST /v1/pipelines/{pipeline}/runs/{run}/retry': [{ path: `${at}/runs/${first}/retry`, body: {} }],
    'POST /v1/pipelines/{pipeline}/runs/{run}/rerun': [{ path: `${at}/runs/${first}/rerun`, body: { node: 'load' } }],
    'POST /v1/pipelines/{pipeline}/runs/{run}/cancel': [{ path: `${at}/runs/${first}/cancel` }],
    'POST /v1/pipelines/{pipeline}/dead-letters/{id}/replay': [{ path: `${at}/dead-letters/${one}/replay`, body: {} }],
    'POST /v1/pipelines/{pipeline}/dead-letters/{id}/drop': [{ path: `${at}/dead-letters/${other}/drop`, body: {} }],
    'PUT /v1/pipelines/{pipeline}/store/object': [{ path: stored('object', object.path), body: object.text }],
    'PUT /v1/pipelines/{pipeline}/store/record': [{ path: stored('record', record.path), body: record.text }],
    'POST /v1/pipelines/{pipeline}/production': [
      { path: `${at}/production`, body: { run: first, expected: null } },
      { path: `${at}/production`, body: { run: second, expected: first } },
    ],
    'POST /v1/pipelines/{pipeline}/production/rollback': [
      { path: `${at}/production/rollback`, body: { expected: second } },
    ],
    'POST /v1/pipelines/{pipeline}/examinations': [{ path: `${at}/examinations`, body: {} }],
    'POST /v1/pipelines/{pipeline}/collections': [{ path: `${at}/collections`, body: {} }],
  }
}
