import { Buffer } from 'node:buffer'
import type { Kernel } from './kernel.ts'
import { type Alongside, isSkipped, type Preset, type Reading, type Recurrence, type Shape } from './shape.ts'

/** Numbers of the actions, sizes and offsets: also in `assembly/keys.ts`, which says what the fields mean. */
const ACTION = {
  skipped: 0,
  repeated: 1,
  fragment: 2,
  text: 3,
  path: 4,
  number: 5,
  flag: 6,
  object: 7,
  time: 8,
  declined: 9,
} as const
/** Bits: also in `assembly/keys.ts`. */
const RUN = { 'begins steadily': 1, 'begins variedly': 2, ends: 4 } as const
/** Kind, count, unused; and slots. Also in `assembly/runs.ts`. */
const RUNS_HEAD_WORDS = 4
const RUN_SLOTS = 256
const RECURS = { steadily: 0, variedly: 1, rarely: 2, alongside: 3 } as const
/** Values that a key remembers. */
const RECALLED = { steadily: 1, variedly: 256, rarely: 0, alongside: 1024 } as const
/** Before them, where a column goes along with the key. */
const COMPANION_WORDS = 4
const KEY_BYTES = 64
const LONGEST_KEY = 32

/** What the writer of tables needs to know of the rest of the memory. */
export interface Surroundings {
  block(bytes: number): number
  readonly kernel: Kernel
  /** Address of the column. */
  column(name: string): number
  kind(name: string): number
  /** Makes the word hold a number, or the id of a text whatever it is at the time. */
  hold(address: number, value: number | string): void
  /** Makes the word 0 whenever fragments are forgotten. */
  forgets(address: number): void
  /** A kind of fragments that nobody else has. */
  ownKind(): number
}

/** Writes the kernel's tables for a shape; answers with the address of its context. */
export function writeTables(shape: Shape, around: Surroundings): number {
  const keys = keysOf(shape)
  const slotCount = 2 ** Math.ceil(Math.log2(keys.length * 2 + 4))
  const context = around.block(16 + slotCount * 4 + (keys.length + 1) * KEY_BYTES)
  const slots = context + 16
  const firstKey = Math.ceil((slots + slotCount * 4) / 16) * 16
  // Stands where no guess has been made yet; no text begins with this byte.
  const never = firstKey
  writeKey(around, never, Buffer.of(0xff), { action: ACTION.declined, next: never })
  around.kernel.words.set([never, slots, slotCount - 1, writeRuns(shape, around)], context / 4)
  const groups = new Map<string, number>()
  keys.forEach(({ name, reading }, index) => {
    const key = firstKey + (index + 1) * KEY_BYTES
    const text = Buffer.from(`"${name}":`)
    if (text.length > LONGEST_KEY) throw new RangeError(`the kernel has no room for a key as long as ${name}`)
    const bit = reading && !isSkipped(reading) ? bitOf(groups, reading.oneOf ?? name) : undefined
    const runs = reading?.run === undefined ? 0 : RUN[reading.run]
    writeKey(around, key, text, { ...orders(reading, around), runs, bit, next: never })
    insert(around.kernel.words, slots, slotCount - 1, key, text)
  })
  return context
}

/** Where the runs of a shape are remembered; 0 when it has none. */
function writeRuns(shape: Shape, around: Surroundings): number {
  if (!Object.values(shape).some(({ run }) => run !== undefined)) return 0
  const runs = around.block((RUNS_HEAD_WORDS + RUN_SLOTS) * 4)
  around.kernel.words[runs / 4] = around.ownKind()
  for (let word = 1; word < RUNS_HEAD_WORDS + RUN_SLOTS; word++) around.forgets(runs + word * 4)
  return runs
}

interface NamedKey {
  readonly name: string
  /** Undefined for a spelling that the kernel leaves to the plain decoder. */
  readonly reading: Reading | undefined
}

/** The keys of a shape; protojson's readers take lowerCamelCase too, though Hubble never writes it. */
function keysOf(shape: Shape): NamedKey[] {
  return Object.entries(shape).flatMap(([name, reading]): NamedKey[] => {
    const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (camel === name || isSkipped(reading)) return [{ name, reading }]
    return [
      { name, reading },
      { name: camel, reading: undefined },
    ]
  })
}

interface Orders {
  readonly action: number
  readonly column?: number
  readonly extra?: number
  readonly preset?: number
}

function orders(reading: Reading | undefined, around: Surroundings): Orders {
  if (reading === undefined) return { action: ACTION.declined }
  const action = ACTION[reading.as]
  switch (reading.as) {
    case 'skipped':
      return { action }
    case 'repeated':
      return { action, ...fragment('repeated', reading.recurs, around) }
    case 'fragment':
      return {
        action,
        column: around.column(reading.column),
        ...fragment(reading.kind, reading.recurs, around),
      }
    case 'text':
    case 'path':
      return { action, column: around.column(reading.column) }
    case 'number':
      return { action, column: around.column(reading.column), extra: reading.plus }
    case 'flag':
      return { action, column: around.column(reading.column), extra: reading.yes, preset: reading.no }
    case 'object':
      return {
        action,
        extra: writeTables(reading.shape, around),
        preset: writePresets(reading.present ?? [], around),
      }
    case 'time':
      return { action, column: around.column(reading.seconds), extra: around.column(reading.nanos) }
  }
}

function fragment(kind: string, recurs: Recurrence | Alongside<string>, around: Surroundings) {
  const how = typeof recurs === 'string' ? recurs : 'alongside'
  const head = typeof recurs === 'string' ? 0 : COMPANION_WORDS
  const memory = around.block((head + RECALLED[how]) * 4)
  if (typeof recurs !== 'string') around.kernel.words[memory / 4] = around.column(recurs.alongside)
  for (let word = head; word < head + RECALLED[how]; word++) around.forgets(memory + word * 4)
  return { extra: around.kind(kind) + RECURS[how] * 256, preset: memory }
}

/** Pairs of a column and the value it gets, and a 0 behind the last. */
function writePresets(presets: readonly Preset[], around: Surroundings): number {
  const list = around.block(presets.length * 8 + 4)
  presets.forEach(({ column, value }, index) => {
    around.kernel.words[list / 4 + index * 2] = around.column(column)
    around.hold(list + index * 8 + 4, value)
  })
  return list
}

function writeKey(
  around: Surroundings,
  key: number,
  text: Buffer,
  orders: Orders & { readonly bit?: number | undefined; readonly next: number; readonly runs?: number },
): void {
  const { action, runs = 0, bit, column = 0, extra = 0, preset = 0, next } = orders
  const once = bit === undefined ? 0n : 1n << BigInt(bit)
  const padded = Buffer.alloc(LONGEST_KEY)
  text.copy(padded)
  const mask = 2 ** text.length - 1
  const fields = [
    mask,
    action + runs * 256,
    Number(once & 0xffffffffn),
    Number(once >> 32n),
    column,
    extra,
    preset,
    next,
  ]
  around.kernel.words.set(new Uint32Array(padded.buffer, padded.byteOffset, LONGEST_KEY / 4), key / 4)
  around.kernel.words.set(fields, (key + LONGEST_KEY) / 4)
}

function bitOf(groups: Map<string, number>, group: string): number {
  const bit = groups.get(group) ?? groups.size
  groups.set(group, bit)
  return bit
}

/** As `lookUp` in `assembly/keys.ts` searches. */
function insert(words: Uint32Array, slots: number, mask: number, key: number, text: Buffer): void {
  const start = text.readUInt32LE(1)
  const length = text.length - 3
  let slot = (Math.imul(start ^ Math.imul(length, 0x9e3779b1), 0x85ebca6b) >>> 20) & mask
  while (words[slots / 4 + slot] !== 0) slot = (slot + 1) & mask
  words[slots / 4 + slot] = key
}
