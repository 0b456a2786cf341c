import { crc32 } from 'node:zlib'
import { type Dictionary, type JsonObject, MIXED } from '../../src/sdk/index.ts'
import { type Groups, KEY_OTHER } from './groups.ts'
import { type Layout, layoutFromJson, layoutToJson } from './layout.ts'
import { VarintReader, VarintWriter } from './varint.ts'

/**
 * Some groups of one window as bytes: a version, a checksum of the rest, what the window is and how its groups are laid
 * out, the texts, the groups. It stands alone: ids point into its own texts. A group in it is the whole group as it was
 * then, so a later pane replaces what an earlier one said of it.
 */
const VERSION = 2
const HEADER_BYTES = 5

/** A window as its panes know it. */
export interface PaneWindow {
  readonly startS: number
  readonly revision: number
  readonly closesAtMs: number
}

export function encodePane(
  window: PaneWindow,
  groups: Groups,
  which: readonly number[],
  dictionary: Dictionary,
): Uint8Array {
  const texts = new TextTable(dictionary)
  const numbers = new VarintWriter()
  for (const group of which) writeGroup(numbers, groups, group, texts)
  const head = new VarintWriter()
  head.text(JSON.stringify({ ...window, layout: layoutToJson(groups.layout) }))
  head.text(JSON.stringify(texts.texts))
  head.number(which.length)
  const body = new Uint8Array(HEADER_BYTES + head.bytes().length + numbers.bytes().length)
  body.set(head.bytes(), HEADER_BYTES)
  body.set(numbers.bytes(), HEADER_BYTES + head.bytes().length)
  body[0] = VERSION
  new DataView(body.buffer).setUint32(1, crc32(body.subarray(HEADER_BYTES)))
  return body
}

export interface DecodedPane {
  readonly window: PaneWindow
  readonly layout: Layout
  /** How many groups are in it. */
  readonly count: number
  /** Puts the pane's groups into groups of its own layout. */
  writeTo(groups: Groups, dictionary: Dictionary): void
}

/** Throws for bytes that are no whole pane of this version, with the reason. */
export function decodePane(body: Uint8Array): DecodedPane {
  if (body.length < HEADER_BYTES) throw new Error('is too short to be a pane')
  if (body[0] !== VERSION) throw new Error(`has version ${body[0]}; this flowfold reads version ${VERSION}`)
  const checksum = new DataView(body.buffer, body.byteOffset).getUint32(1)
  if (crc32(body.subarray(HEADER_BYTES)) !== checksum) throw new Error('is damaged: its checksum differs')
  const reader = new VarintReader(body.subarray(HEADER_BYTES))
  const { layout, ...window } = JSON.parse(reader.text()) as PaneWindow & { layout: JsonObject }
  const texts = JSON.parse(reader.text()) as readonly string[]
  const count = reader.number()
  return {
    window,
    layout: layoutFromJson(layout),
    count,
    writeTo(groups, dictionary) {
      const ids = texts.map((text) => dictionary.intern(text))
      for (let i = 0; i < count; i++) readGroup(reader, window.startS, groups, ids)
      if (!reader.isAtEnd) throw new Error('is longer than its groups')
    },
  }
}

function writeGroup(writer: VarintWriter, groups: Groups, group: number, texts: TextTable): void {
  const { words, doubles, keyIds } = groups
  const record = groups.table.at(group)
  for (let i = KEY_OTHER; i < keyIds.length; i++) {
    const cell = words[record + i]
    writer.number(keyIds[i] ? texts.place(cell) : cell)
  }
  for (const { at, width, holds } of groups.cells)
    for (let i = record + at; i < record + at + width; i++) {
      const cell = words[i]
      // MIXED is frequent and large: as 0 it takes one byte, and every other cell is one more than it is.
      writer.number(cell === MIXED ? 0 : 1 + (holds === 'ids' ? texts.place(cell) : cell))
    }
  for (const at of groups.sums) writer.number(doubles[(record * 4 + at) / 8])
}

function readGroup(reader: VarintReader, startS: number, groups: Groups, ids: readonly number[]): void {
  const { keyIds } = groups
  const key = new Uint32Array(keyIds.length)
  key[0] = startS
  for (let i = KEY_OTHER; i < key.length; i++) key[i] = keyIds[i] ? ids[reader.number()] : reader.number()
  const record = groups.table.at(groups.groupOf(key))
  const { words, doubles } = groups
  for (const { at, width, holds } of groups.cells)
    for (let i = record + at; i < record + at + width; i++) {
      const number = reader.number()
      words[i] = number === 0 ? MIXED : holds === 'ids' ? ids[number - 1] : number - 1
    }
  for (const at of groups.sums) doubles[(record * 4 + at) / 8] = reader.number()
}

/** The texts of a pane, each once. Text 0 is no text. */
class TextTable {
  readonly texts: string[] = ['']
  readonly #dictionary: Dictionary
  readonly #places = new Map<number, number>([[0, 0]])

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  place(id: number): number {
    let place = this.#places.get(id)
    if (place === undefined) {
      place = this.texts.length
      this.texts.push(this.#dictionary.text(id))
      this.#places.set(id, place)
    }
    return place
  }
}
