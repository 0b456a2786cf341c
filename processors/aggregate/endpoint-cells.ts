import { type Dictionary, type Endpoint, type EndpointAttribute, Memo } from '../../src/sdk/index.ts'

/** New endpoints are asked about by several columns in a row; each is parsed once for all of them. */
const RECENT = 4096

/** What a key or a row wants to know of an endpoint, as one cell per endpoint id. */
export class EndpointCells {
  readonly #dictionary: Dictionary
  readonly #memos = new Map<string, Memo>()
  /** Not the dictionary's own parsed values: those stay as long as the text, and pods come and go. */
  readonly #recent = new Map<number, Endpoint>()
  #generation: number

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    this.#generation = dictionary.generation
  }

  /** Several attributes as one cell: the id of a JSON text that holds them, 0 when the endpoint has none of them. */
  together(attributes: readonly EndpointAttribute[]): Memo {
    return this.#memo(attributes.join(), (endpoint) => {
      const known = attributes.map((attribute) => [attribute, attributeOf(endpoint, attribute)] as const)
      const present = known.filter(([, value]) => value !== undefined)
      return present.length === 0 ? 0 : this.#dictionary.intern(JSON.stringify(Object.fromEntries(present)))
    })
  }

  /** One attribute as the cell its field declares. */
  alone(attribute: EndpointAttribute): Memo {
    return this.#memo(`alone ${attribute}`, (endpoint) => {
      const value = attributeOf(endpoint, attribute) ?? ''
      if (typeof value === 'number') return value
      return this.#dictionary.intern(typeof value === 'string' ? value : JSON.stringify(value))
    })
  }

  /** `namespace/pod`, 0 for what is no pod. */
  podReference(): Memo {
    return this.#memo('pod reference', ({ namespace, pod_name }) => {
      if (!pod_name) return 0
      return this.#dictionary.intern(namespace ? `${namespace}/${pod_name}` : pod_name)
    })
  }

  /** Source and destination ask the same of the same endpoints: they share a memo. */
  #memo(question: string, answer: (endpoint: Endpoint) => number): Memo {
    let memo = this.#memos.get(question)
    if (memo === undefined) {
      memo = new Memo(this.#dictionary, (id) => (id === 0 ? 0 : answer(this.#endpoint(id))))
      this.#memos.set(question, memo)
    }
    return memo
  }

  #endpoint(id: number): Endpoint {
    if (this.#generation !== this.#dictionary.generation || this.#recent.size >= RECENT) this.#recent.clear()
    this.#generation = this.#dictionary.generation
    let endpoint = this.#recent.get(id)
    if (endpoint === undefined) {
      endpoint = JSON.parse(this.#dictionary.text(id)) as Endpoint
      this.#recent.set(id, endpoint)
    }
    return endpoint
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
