/** What the records of a source are to be read with. Each part replaces or adds to what was told before. */
export interface World {
  /** Nanoseconds that wall time is ahead of the clock of the records; as text, it is too large for a number. */
  readonly wallAheadNs?: string
  /** Inode of the namespace the source runs in. */
  readonly hostNetns?: number
  readonly features?: readonly Feature[]
  /** Interfaces that are followed from now on. */
  readonly interfaces?: readonly FollowedInterface[]
  /** Names of drop reasons, without prefix, by number. */
  readonly reasons?: { readonly [reason: string]: string }
  /** Names of places in the kernel by address, in hex. */
  readonly locations?: { readonly [address: string]: string }
}

/** What the kernel does for us, or why not. */
export type Feature =
  | { readonly name: FeatureName; readonly state: 'on'; readonly how: string }
  | { readonly name: FeatureName; readonly state: 'off'; readonly reason: string }

export type FeatureName = 'flows' | 'drops' | 'tcp' | 'drop_locations'

export interface FollowedInterface {
  readonly index: number
  readonly name: string
  /** Inode; 0 is the namespace of the source. */
  readonly netns: number
  /** `host_end`: a pod is behind it, so what comes in comes from the pod. `own_end`: it belongs to who uses it. */
  readonly end: 'host_end' | 'own_end'
}

/** Sums since the source began: what of the traffic is in no record, and why. */
export interface Losses {
  /** Records that were lost, by reason. */
  readonly lost: { readonly [reason: string]: number }
  /** What is no loss but not in the flows either, by reason. */
  readonly noted: { readonly [reason: string]: number }
  /** Bytes that passed the followed interfaces since those were made, by `index name`. */
  readonly passed: { readonly [link: string]: number }
}

/** The first words of an agent: which source its records are from, and how many there have been. */
export interface Hello {
  readonly source: string
}

/** The first words of a pipeline: what it wants, and how far it has come. */
export interface Request {
  readonly version: typeof PROTOCOL_VERSION
  readonly watch: object
  readonly source: string | null
  /** Records of `source` that are in its state. */
  readonly records: number
}

export const PROTOCOL_VERSION = 1
