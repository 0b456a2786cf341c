import {
  type EndpointSide,
  type Field,
  type FieldOrigin,
  fieldNamed,
  type JsonObject,
  SettingError,
} from '../../src/sdk/index.ts'
import { EVIDENCE, type EvidenceList } from './evidence.ts'
import { type CarrySetting, carriedFields, type KeySetting, keyFields } from './key.ts'

/** What a group is made of. Everything that folds, stores or renders groups is set up from it. */
export interface Layout {
  readonly windowS: number
  readonly key: readonly Field[]
  /** The key's cells: what is asked of one endpoint is one cell. */
  readonly keyParts: readonly KeyPart[]
  readonly carried: readonly Field[]
  readonly evidence: readonly EvidenceList[]
  /** Values kept per evidence list; 0 is none. */
  readonly examples: number
}

export type KeyPart =
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'endpoint'; readonly side: EndpointSide; readonly fields: readonly EndpointField[] }

export type EndpointField = Field & { readonly origin: Extract<FieldOrigin, { kind: 'endpoint' }> }

export interface LayoutSettings {
  readonly window: number
  readonly key: KeySetting
  readonly carry: CarrySetting
  readonly evidence: number
}

export function layoutOf({ window, key, carry, evidence }: LayoutSettings): Layout {
  if (window % 1000 !== 0) throw new SettingError(['window'], 'must be whole seconds, as in "30s" or "1m"')
  const keyed = keyFields(key)
  return assemble(window / 1000, keyed, carriedFields(carry, keyed), evidence)
}

/** A layout in names, as panes carry it to disk. Equal texts are equal layouts. */
export function layoutToJson({ windowS, key, carried, examples }: Layout): JsonObject {
  return { windowS, key: key.map(({ name }) => name), carried: carried.map(({ name }) => name), examples }
}

/** The layout of a stored pane; throws where it holds what this version does not know. */
export function layoutFromJson(json: JsonObject): Layout {
  const { windowS, key, carried, examples } = json
  if (!isCount(windowS) || windowS === 0 || !isCount(examples))
    throw new Error('has a window or an evidence length that is none')
  return assemble(windowS, fieldsNamed(key), fieldsNamed(carried), examples)
}

export function isEndpointField(field: Field): field is EndpointField {
  return field.origin.kind === 'endpoint'
}

function assemble(
  windowS: number,
  key: readonly Field[],
  carried: readonly Field[],
  examples: number,
): Layout {
  const inKey = new Set<string>(key.map(({ name }) => name))
  const evidence = EVIDENCE.filter(({ fields }) => examples > 0 && fields.some((name) => !inKey.has(name)))
  return { windowS, key, keyParts: keyParts(key), carried, evidence, examples }
}

function keyParts(key: readonly Field[]): readonly KeyPart[] {
  const parts: KeyPart[] = key
    .filter((field) => !isEndpointField(field))
    .map((field) => ({ kind: 'field', field }))
  for (const side of ['source', 'destination'] as const) {
    const fields = key.filter(isEndpointField).filter(({ origin }) => origin.side === side)
    if (fields.length > 0) parts.push({ kind: 'endpoint', side, fields })
  }
  return parts
}

function fieldsNamed(names: unknown): readonly Field[] {
  if (!Array.isArray(names)) throw new Error('has no list of fields')
  return names.map((name) => {
    const field = fieldNamed(String(name))
    if (!field) throw new Error(`has a field "${name}" that this version does not know`)
    return field
  })
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}
