import type { CellOrder, EndpointSide, Field, FlowColumn } from '../../src/sdk/index.ts'
import type { EvidenceList } from './evidence.ts'
import type { KeyPart } from './layout.ts'
import type { Questions } from './questions.ts'

type Order = CellOrder<FlowColumn>

/** How the fields of a layout become cells. */
export class Cells {
  readonly #questions: Questions

  constructor(questions: Questions) {
    this.#questions = questions
  }

  ofKey(part: KeyPart): Order {
    if (part.kind === 'field') return this.ofField(part.field)
    const attributes = part.fields.map(({ origin }) => origin.attribute)
    return this.#note(part.side, this.#questions.endpoints.together(attributes))
  }

  ofField({ name, origin }: Field): Order {
    const { nodeName, endpoints, isTcp, isUdp } = this.#questions
    if (name === 'node_name') return { from: 'answer', column: 'node_name', question: nodeName }
    switch (origin.kind) {
      case 'column':
        return column(origin.column)
      case 'endpoint':
        return this.#note(origin.side, endpoints.alone(origin.attribute))
      case 'port':
        return { from: 'port', of: origin.of, columns: ['is_reply', 'source_port', 'destination_port'] }
      case 'protocol_port': {
        const question = origin.protocol === 'TCP' ? isTcp : isUdp
        return { from: 'protocol port', columns: ['l4_protocol', 'destination_port'], question }
      }
    }
  }

  ofEvidence({ name }: EvidenceList): Order {
    const { endpoints, request, policyNames, bothLists } = this.#questions
    switch (name) {
      case 'SourcePods':
        return this.#note('source', endpoints.podReference())
      case 'DestinationPods':
        return this.#note('destination', endpoints.podReference())
      case 'SourceIPs':
        return column('ip_source')
      case 'DestinationIPs':
        return column('ip_destination')
      case 'DnsQueries':
        return column('dns_query')
      case 'HttpRequests':
        return { from: 'pair', columns: ['http_method', 'http_path'], question: request }
      case 'Policies':
        return {
          from: 'joined',
          columns: ['egress_allowed_by', 'ingress_allowed_by', 'egress_denied_by', 'ingress_denied_by'],
          question: policyNames,
          join: bothLists,
        }
    }
  }

  #note(side: EndpointSide, word: number): Order {
    return { from: 'note', column: side, question: this.#questions.endpoint, word }
  }
}

function column(name: FlowColumn): Order {
  return { from: 'column', column: name }
}
