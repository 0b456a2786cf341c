import type { Dictionary, Endpoint, EndpointAttribute } from '../../src/sdk/index.ts'

/** What a key or a row wants to know of an endpoint: a list of cells, the same for source and destination. */
export class EndpointNotes {
  readonly #dictionary: Dictionary
  readonly #words = new Map<string, { readonly index: number; cell(endpoint: Endpoint): number }>()

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  /** Several attributes as one cell: the id of a JSON text that holds them, 0 when the endpoint has none of them. */
  together(attributes: readonly EndpointAttribute[]): number {
    return this.#word(attributes.join(), (endpoint) => {
      const present: { [attribute: string]: string | number | object } = {}
      for (const attribute of attributes) {
        const value = attributeOf(endpoint, attribute)
        if (value !== undefined) present[attribute] = value
      }
      const json = JSON.stringify(present)
      return json === '{}' ? 0 : this.#dictionary.intern(json)
    })
  }

  /** One attribute as the cell its field declares. */
  alone(attribute: EndpointAttribute): number {
    return this.#word(`alone ${attribute}`, (endpoint) => {
      const value = attributeOf(endpoint, attribute) ?? ''
      if (typeof value === 'number') return value
      return this.#dictionary.intern(typeof value === 'string' ? value : JSON.stringify(value))
    })
  }

  /** `namespace/pod`, 0 for what is no pod. */
  podReference(): number {
    return this.#word('pod reference', ({ namespace, pod_name }) => {
      if (!pod_name) return 0
      return this.#dictionary.intern(namespace ? `${namespace}/${pod_name}` : pod_name)
    })
  }

  /** The cells about the endpoint of an id. */
  about(id: number): readonly number[] {
    const words = [...this.#words.values()]
    if (id === 0) return words.map(() => 0)
    // Not the dictionary's own parsed values: those stay as long as the text, and pods come and go.
    const endpoint = this.#dictionary.takeEndpoint(id)
    return words.map(({ cell }) => cell(endpoint))
  }

  /** Where in the list a cell stands. */
  #word(question: string, cell: (endpoint: Endpoint) => number): number {
    const known = this.#words.get(question)
    if (known) return known.index
    const index = this.#words.size
    this.#words.set(question, { index, cell })
    return index
  }
}

/** Undefined for what the endpoint lacks, and what Hubble would leave out: empty and 0. */
function attributeOf(endpoint: Endpoint, attribute: EndpointAttribute): string | number | object | undefined {
  if (attribute === 'workloads') {
    const workloads = endpoint.workloads?.map(({ name, kind }) => ({ name, kind })) ?? []
    return workloads.length === 0 ? undefined : workloads
  }
  if (attribute === 'labels') return endpoint.labels?.length ? endpoint.labels : undefined
  return endpoint[attribute] || undefined
}
