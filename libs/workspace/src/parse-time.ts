const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/

/**
 * Parses a date with or without a time: `2026-11-29`, `2026-11-29T08:00`, `2026-11-29T08:00:00Z`. A date alone means
 * its start. Returns milliseconds since 1970; undefined for any other text and for a day that does not exist.
 *
 * @param zone the time zone when the text names none
 */
export function parseTime(text: string, zone: 'local' | 'utc'): number | undefined {
  const [, date = '', time = '00:00', offset = zone === 'utc' ? 'Z' : ''] = TIME.exec(text) ?? []
  const at = Date.parse(`${date}T${time}${offset}`)
  const isDay = !Number.isNaN(at) && new Date(`${date}T00:00Z`).toISOString().startsWith(date)
  return isDay ? at : undefined
}
