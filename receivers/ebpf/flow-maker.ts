import type { FlowBatch, Host } from '../../src/sdk/index.ts'
import { isLoss } from './drop-policy.ts'
import { announceGauges, type FlowCounters, flowCounters } from './flow-metrics.ts'
import type { FlowSettings } from './flow-settings.ts'
import { FlowSheet } from './flow-sheet.ts'
import { Heads } from './heads.ts'
import { HostNames } from './host-names.ts'
import { Names } from './names.ts'
import { NamesTable } from './names-table.ts'
import type { Observation } from './observation.ts'
import type { Sighting } from './sighting.ts'
import type { Survey } from './survey.ts'
import { worldNames } from './world-names.ts'

/** Flows in one batch. Of more, so many would be alive at once that the collector moves them to where it seldom looks. */
const BATCH_ROWS = 256
/** A packet may hold more messages than one; so many are always taken in at once. */
const SPARE_ROWS = 64

/** From what the kernel saw to flows: judges drops, reads heads, names ends, and counts what becomes no flow. */
export class FlowMaker {
  readonly #settings: FlowSettings
  readonly #count: FlowCounters
  readonly #heads: Heads
  readonly #hostNames = new HostNames()
  readonly #sheet: FlowSheet
  #sightings: Sighting[] = []
  #hiddenProcesses = 0

  constructor(
    settings: FlowSettings,
    { metrics, dictionary, node }: Pick<Host, 'metrics' | 'dictionary' | 'node'>,
  ) {
    this.#settings = settings
    this.#count = flowCounters(metrics)
    this.#heads = new Heads(this.#count.heads)
    this.#sheet = new FlowSheet({
      dictionary,
      names: new Names([new NamesTable(settings.names), this.#hostNames, worldNames]),
      node,
      rows: BATCH_ROWS,
    })
    announceGauges(metrics, {
      waitingQuestions: () => this.#heads.waiting,
      hostAddresses: () => this.#hostNames.size,
      hiddenProcesses: () => this.#hiddenProcesses,
    })
  }

  /** Take a batch before adding more. */
  get isFull(): boolean {
    return this.#sightings.length > BATCH_ROWS - SPARE_ROWS
  }

  /** Payloads are read at once, so that the bytes behind them may change afterwards. */
  add(observation: Observation): void {
    switch (observation.kind) {
      case 'drop': {
        const { reason, location, tuple, bytes, packets } = observation
        const facts = { reason, location, protocol: tuple.protocol, bytes }
        if (isLoss(facts, this.#settings.unspecified_drops)) this.#sightings.push(observation)
        else this.#count.ignoredDrops.add(packets)
        return
      }
      case 'dns':
      case 'http':
        for (const sighting of this.#heads.read(observation)) this.#sightings.push(sighting)
        return
      default:
        this.#sightings.push(observation)
    }
  }

  /** The flows of what was added since the last time; null when there are none. Valid until the next one is taken. */
  batch(): FlowBatch | null {
    if (this.#sightings.length === 0) return null
    const sightings = this.#sightings
    this.#sightings = []
    return this.#sheet.batch(sightings)
  }

  /** What a look around the host told; from now on its names are in the flows. */
  learn(survey: Survey): void {
    this.#hostNames.learn(survey)
    this.#hiddenProcesses = survey.hiddenProcesses
  }
}
