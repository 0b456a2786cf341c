import type { Counter, Labels, Meter } from '../sdk/index.ts'

const PREFIX = 'flowfold_'

/** All series of one metric name. */
export interface MetricFamily {
  readonly name: string
  readonly doc: string
  readonly kind: 'counter' | 'gauge'
  readonly series: { readonly labels: Labels; readonly read: () => number }[]
}

/** The metrics of a running graph. Counting is adding to a number; text is made only when somebody asks. */
export class Metrics {
  readonly #families = new Map<string, MetricFamily>()

  families(): Iterable<MetricFamily> {
    return this.#families.values()
  }

  /** A meter whose series all carry `common`, such as the component's id. */
  meter(common: Labels): Meter {
    return {
      counter: (name, doc, labels = {}) => this.#counter(name, doc, { ...common, ...labels }),
      total: (name, doc, read, labels = {}) =>
        this.#add(name, doc, 'counter', { ...common, ...labels }, read),
      gauge: (name, doc, read, labels = {}) => this.#add(name, doc, 'gauge', { ...common, ...labels }, read),
    }
  }

  #counter(name: string, doc: string, labels: Labels): Counter {
    let total = 0
    this.#add(name, doc, 'counter', labels, () => total)
    return {
      add(amount) {
        total += amount
      },
    }
  }

  #add(name: string, doc: string, kind: MetricFamily['kind'], labels: Labels, read: () => number): void {
    const family = this.#families.get(name) ?? { name: PREFIX + name, doc, kind, series: [] }
    this.#families.set(name, family)
    family.series.push({ labels, read })
  }
}
