/** What a pipeline file needs: steps, sources, pipelines, `each`, `when`, and what a kind or connector of your own implements. */
export * from '@cairn/kernel'
