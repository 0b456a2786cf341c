import {
  type Dictionary,
  type FlowBatch,
  type FlowColumn,
  type Folded,
  FoldKernel,
  TCP_FLAGS,
} from '../../src/sdk/index.ts'
import { Cells } from './cells.ts'
import { FLAGS, type Groups, SUMMED } from './groups.ts'
import type { Questions } from './questions.ts'

export interface AbsorberOptions {
  readonly groups: Groups
  readonly dictionary: Dictionary
  readonly questions: Questions
  readonly maxGroups: number
  /** The window that takes flows of this second, opened if need be. */
  windowAt(timeS: number): { readonly isLate: boolean }
}

/** Columns that the fold itself looks at. Their order is the kernel's. */
const ROLES = [
  'time_s',
  'time_ns',
  'ingress_flows',
  'egress_flows',
  'unknown_flows',
  'aggregated',
  'tcp_flags',
  'verdict',
  'drop_reason',
] as const satisfies readonly FlowColumn[]

/** Puts batches into groups. */
export class Absorber {
  readonly #groups: Groups
  readonly #kernel: FoldKernel<FlowColumn>

  constructor({ groups, dictionary, questions, maxGroups, windowAt }: AbsorberOptions) {
    const { keyParts, carried, evidence, examples, windowS } = groups.layout
    const cells = new Cells(questions)
    questions.answers.define('window', (startS) => (windowAt(startS).isLate ? 2 : 1))
    this.#groups = groups
    this.#kernel = new FoldKernel<FlowColumn>(dictionary.kernel, {
      groups: groups.table,
      answers: questions.answers,
      record: groups.shape,
      key: keyParts.map((part) => cells.ofKey(part)),
      agreed: carried.map((field) => cells.ofField(field)),
      collected: evidence.map((list) => cells.ofEvidence(list)),
      examples,
      summed: SUMMED,
      flagMasks: examples > 0 ? FLAGS.map(maskOf) : [],
      roles: ROLES,
      maxGroups,
      windowS,
    })
  }

  absorb({ columns, rows }: FlowBatch): Folded {
    this.#kernel.otherGroups = this.#groups.otherGroups
    const folded = this.#kernel.fold(columns, rows)
    this.#groups.otherGroups = this.#kernel.otherGroups
    return folded
  }

  /** Windows have closed. */
  windowsChanged(): void {
    this.#kernel.windowsChanged()
  }
}

function maskOf(flag: (typeof TCP_FLAGS)[number]): number {
  return 1 << TCP_FLAGS.indexOf(flag)
}
