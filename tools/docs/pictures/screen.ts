/** A character with how it is shown: the SGR codes that are set, such as `1` for bold. */
export interface Cell {
  readonly text: string
  readonly style: string
}

/** A terminal without a height: interprets the control sequences that Cairn and Node's readline print. */
export class Screen {
  readonly rows: Cell[][] = [[]]
  #row = 0
  #column = 0
  #style = new Set<number>()

  write(output: string): void {
    // oxlint-disable-next-line no-control-regex -- terminals are controlled by these
    for (const [, parameters, command, text = ''] of output.matchAll(/\x1b\[\??([\d;]*)([A-Za-z])|([^\x1b])/gsu))
      if (command !== undefined) this.#control(command, (parameters ?? '').split(';').map(Number))
      else this.#put(text)
  }

  #put(text: string): void {
    if (text === '\r') this.#column = 0
    else if (text === '\b') this.#column--
    else if (text === '\n') this.#moveTo(this.#row + 1, 0)
    else if (text >= ' ') {
      this.#line[this.#column++] = { text, style: [...this.#style].join(' ') }
    }
  }

  #control(command: string, [first = 0, ...more]: readonly number[]): void {
    if (command === 'm') for (const code of [first, ...more]) this.#setStyle(code)
    else if (command === 'G') this.#column = Math.max(first, 1) - 1
    else if (command === 'A') this.#moveTo(this.#row - Math.max(first, 1), this.#column)
    else if (command === 'B') this.#moveTo(this.#row + Math.max(first, 1), this.#column)
    else if (command === 'K' && first === 2) this.#line.length = 0
    else if (command === 'K' || command === 'J') {
      this.#line.length = Math.min(this.#line.length, this.#column)
      if (command === 'J') this.rows.length = this.#row + 1
    }
  }

  #setStyle(code: number): void {
    if (code === 0) this.#style.clear()
    else if (code === 22) for (const weight of [1, 2]) this.#style.delete(weight)
    else if (code === 39) for (const color of this.#style) if (color >= 30) this.#style.delete(color)
    if (code !== 0 && code !== 22 && code !== 39) this.#style.add(code)
  }

  #moveTo(row: number, column: number): void {
    this.#row = Math.max(row, 0)
    this.#column = column
    while (this.rows.length <= this.#row) this.rows.push([])
  }

  get #line(): Cell[] {
    return this.rows[this.#row]!
  }
}
