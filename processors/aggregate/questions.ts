import {
  Answers,
  type Dictionary,
  type Endpoint,
  type EndpointAttribute,
  type Policy,
  rcodeName,
  type Service,
  services,
  withoutCluster,
} from '../../src/sdk/index.ts'
import { EndpointNotes } from './endpoint-notes.ts'

/** What the kernel has to be told of ids, asked once for each id or pair of ids. Answers are ids of texts, 0 for none. */
export class Questions {
  readonly answers: Answers
  readonly endpoints: EndpointNotes
  /** Notes about endpoints: see `endpoints`. */
  readonly endpoint: number
  readonly nodeName: number
  /** Whether the text is `TCP`, or `UDP`: 1, or 0. */
  readonly isTcp: number
  readonly isUdp: number
  /** Method and path as one. */
  readonly request: number
  /** The names in a list of policies, as a list, and two such lists as one. */
  readonly policyNames: number
  readonly bothLists: number
  /** For rows: an attribute of an endpoint, by its index in ATTRIBUTES. */
  readonly attribute: number
  /** An rcode, plus one. */
  readonly rcode: number
  /** Two services as the column of a row. */
  readonly service: number
  /** Verdict and drop reason of an `other` group, by their index. */
  readonly ofOther: number
  readonly #dictionary: Dictionary

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
    const answers = new Answers(dictionary.kernel)
    const intern = (text: string) => dictionary.intern(text)
    const json = (value: unknown) => (value === undefined ? 0 : intern(JSON.stringify(value)))
    this.answers = answers
    this.endpoints = new EndpointNotes(dictionary)
    this.endpoint = answers.question((id) => answers.note(this.endpoints.about(id)))
    this.nodeName = answers.question((id) => intern(withoutCluster(dictionary.text(id)) ?? ''))
    this.isTcp = answers.question((id) => Number(dictionary.text(id) === 'TCP'))
    this.isUdp = answers.question((id) => Number(dictionary.text(id) === 'UDP'))
    this.request = answers.question((method, path) =>
      intern(`${dictionary.text(method)} ${dictionary.text(path)}`.trim()),
    )
    this.policyNames = answers.question((id) => this.#internList(namesOf(dictionary.json(id) as Policy[])))
    this.bothLists = answers.question((a, b) => this.#internList([...this.#list(a), ...this.#list(b)]))
    this.attribute = answers.question((id, index) =>
      json((JSON.parse(dictionary.text(id)) as Endpoint)[ATTRIBUTES[index]]),
    )
    this.rcode = answers.question((cell) => json(rcodeName(cell - 1)))
    this.service = answers.question((source, destination) => {
      const columns = services(this.#service(source), this.#service(destination))
      return columns ? intern(`,"Service":${JSON.stringify(columns)}`) : 0
    })
    answers.define('other', (verdict, reason) => json([dictionary.text(verdict), dictionary.text(reason)]))
    this.ofOther = answers.question((id, index) => json(this.#list(id)[index] || undefined))
  }

  #internList(names: readonly string[]): number {
    return names.length === 0 ? 0 : this.#dictionary.intern(JSON.stringify([...new Set(names)].sort()))
  }

  #list(id: number): readonly string[] {
    return JSON.parse(this.#dictionary.text(id)) as string[]
  }

  #service(id: number): Service | undefined {
    return id === 0 ? undefined : (this.#dictionary.json(id) as Service)
  }
}

/** Those that rows can have, in the order of their numbers. */
export const ATTRIBUTES: readonly EndpointAttribute[] = [
  'namespace',
  'pod_name',
  'workloads',
  'identity',
  'cluster_name',
  'labels',
]

function namesOf(policies: readonly Policy[]): string[] {
  return policies
    .map(({ name = '', namespace }) => (namespace ? `${namespace}/${name}` : name))
    .filter(Boolean)
}
