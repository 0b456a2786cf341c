import { z } from 'zod'

/** What sources and readers tell each other beside records: JSON, and no more of it than these forms allow. */

const texts = z.record(z.string(), z.string())
const sums = z.record(z.string(), z.number())

/** What the kernel does for us, or why not. */
const featureName = z.enum(['flows', 'drops', 'tcp', 'drop_locations'])
const feature = z.discriminatedUnion('state', [
  z.object({ name: featureName, state: z.literal('on'), how: z.string() }),
  z.object({ name: featureName, state: z.literal('off'), reason: z.string() }),
])

const followedInterface = z.object({
  index: z.number(),
  name: z.string(),
  /** Inode; 0 is the namespace of the source. */
  netns: z.number(),
  /** `host_end`: a pod is behind it, so what comes in comes from the pod. `own_end`: it belongs to who uses it. */
  end: z.enum(['host_end', 'own_end']),
})

/** What the records of a source are to be read with. Each part replaces or adds to what was told before. */
export const worldSchema = z.object({
  /** Nanoseconds that wall time is ahead of the clock of the records; as text, it is too large for a number. */
  wallAheadNs: z
    .string()
    .regex(/^-?\d{1,20}$/)
    .optional(),
  /** Inode of the namespace the source runs in. */
  hostNetns: z.number().optional(),
  features: z.array(feature).optional(),
  /** Interfaces that are followed from now on. */
  interfaces: z.array(followedInterface).optional(),
  /** Names of drop reasons, without prefix, by number. */
  reasons: texts.optional(),
  /** Names of places in the kernel by address, in hex. */
  locations: texts.optional(),
})

/** Sums since the source began: what of the traffic is in no record, and why. */
export const lossesSchema = z.object({
  /** Records that were lost, by reason. */
  lost: sums,
  /** What is no loss but not in the flows either, by reason. */
  noted: sums,
  /** Bytes that passed the followed interfaces since those were made, by `index name`. */
  passed: sums,
})

/** The first words of a source: whose records follow. */
export const helloSchema = z.object({ source: z.string() })

/** The last words of an agent that was asked for what it cannot do. */
export const refusalSchema = z.object({ reason: z.string() })

/** The first words of a pipeline: what it wants, and how far it has come. */
export const requestSchema = z.object({
  version: z.number(),
  /** `WatchRequest` */
  watch: z.unknown(),
  source: z.string().nullable(),
  /** Records of `source` that are in its state. */
  records: z.number(),
})

export const PROTOCOL_VERSION = 1

export type World = z.output<typeof worldSchema>
export type Losses = z.output<typeof lossesSchema>
export type Hello = z.output<typeof helloSchema>
export type Refusal = z.output<typeof refusalSchema>
export type Request = z.output<typeof requestSchema>
export type Feature = z.output<typeof feature>
export type FeatureName = z.output<typeof featureName>
export type FollowedInterface = z.output<typeof followedInterface>
