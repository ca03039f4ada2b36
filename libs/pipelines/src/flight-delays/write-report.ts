import { step } from 'cairn'
import { file } from 'cairn/kinds'
import { calibrationChart, hoursChart, mapChart, rocChart } from './charts.ts'
import { AirportHistory, Evaluation, Groups, RocCurve } from './tables.ts'

/** Writes one page with the metrics and charts. The page loads nothing from elsewhere. */
export const writeReport = step('write-report', {
  inputs: { metrics: Evaluation, roc: RocCurve, calibration: Groups, hours: Groups, history: AirportHistory },
  outputs: { report: file('html') },
  run: async ({ metrics, roc, calibration, hours, history }) => {
    const charts = [
      await rocChart(await roc.toArray(), metrics.auc),
      await calibrationChart(await calibration.toArray()),
      await hoursChart(await hours.toArray()),
      await mapChart(await history.toArray()),
    ]
    return { report: { text: page(metrics, charts) } }
  },
})

interface Figures {
  readonly auc: number
  readonly logLoss: number
  readonly calibrationError: number
  readonly lateShare: number
  readonly flights: number
}

function page({ auc, logLoss, calibrationError, lateShare, flights }: Figures, charts: readonly string[]): string {
  const figures = [
    ['area under the ROC curve', auc.toFixed(4)],
    ['log loss', logLoss.toFixed(4)],
    ['calibration error', calibrationError.toFixed(4)],
    ['late flights', `${(100 * lateShare).toFixed(1)} %`],
    ['flights tested on', flights.toLocaleString('en-US')],
  ]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Flight delays</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
  dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.5rem 0 }
  dt { color: #666; font-size: 0.85rem }
  dd { margin: 0; font-size: 1.6rem; font-variant-numeric: tabular-nums }
  main { display: flex; flex-wrap: wrap; gap: 1.5rem }
  svg { max-width: 100%; height: auto }
</style>
<h1>Will a flight be more than 15 minutes late?</h1>
<p>Boosted trees, trained on the months before the test. Everything on this page is of flights they have not seen, but
for the map.</p>
<dl>${figures.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
<main>
${charts.join('\n')}
</main>
</html>
`
}
