import type { Terminal } from '../../src/commands/terminal.ts'
import type { Output } from '../../src/sdk/index.ts'
import { systemClock } from '../../src/util/clock.ts'

/** A terminal that keeps what is written to it, with the real clock. */
export class TestTerminal implements Terminal {
  readonly clock = systemClock
  readonly env: Terminal['env']
  printed = ''
  complained = ''
  readonly out: Output = output((text) => {
    this.printed += text
  })
  readonly err: Output = output((text) => {
    this.complained += text
  })

  constructor(env: Terminal['env'] = {}) {
    this.env = env
  }

  onStop(): void {}
  onReload(): void {}
}

function output(write: (text: string) => void): Output {
  return { write, isTty: false, colors: false, columns: 100 }
}
