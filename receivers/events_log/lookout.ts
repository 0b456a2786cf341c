import { dirname } from 'node:path'
import type { Chains } from './chains.ts'
import { closeSome, tooManyOpen } from './descriptors.ts'
import { whoIsCopiedTo, whoMovedTo } from './kinship.ts'
import { type Handles, lookAt, OpenFile } from './open-file.ts'
import type { Sighting, Survey, Surveyed } from './survey.ts'
import { TailedFile } from './tailed-file.ts'

export interface LookoutParts {
  readonly survey: Survey
  readonly chains: Chains
  readonly handles: Handles
  /** Decides of a file nobody has read how much of it counts, before it is read. */
  readonly meet: (file: TailedFile, sighting: Sighting) => void
}

/** What one look saw. */
export interface Seen {
  readonly folders: readonly string[]
  /** What cannot be looked at, and why. */
  readonly blocked: ReadonlyMap<string, string>
  /** Something is missing, or in the making, that the next look decides about. */
  readonly isUndecided: boolean
}

/** What one look has found out so far. */
interface Look {
  readonly nowMs: number
  readonly blocked: Map<string, string>
  /** Known files that were not found yet. */
  readonly missing: Set<TailedFile>
  readonly around: Surveyed['around']
  /** Files that are just being copied: inode, and what they look like. */
  readonly copies: Map<string, string>
}

/**
 * Brings the chains up to date with the disk: which content stands where by now, what is new, what is gone. It decides by
 * inodes and fingerprints; names only tell where to look. It reads no lines.
 */
export class Lookout {
  readonly #survey: Survey
  readonly #chains: Chains
  readonly #handles: Handles
  readonly #meet: LookoutParts['meet']
  /** As the last look saw them. */
  #copies: ReadonlyMap<string, string> = new Map()

  constructor({ survey, chains, handles, meet }: LookoutParts) {
    this.#survey = survey
    this.#chains = chains
    this.#handles = handles
    this.#meet = meet
  }

  look(nowMs: number): Seen {
    const { sightings, blocked, folders, around } = this.#survey.take(this.#chains.logs)
    const missing = new Set(this.#chains.all)
    for (const file of missing) {
      if (file.blocked !== null) blocked.set(file.path, file.blocked)
      file.blocked = null
    }
    const look: Look = { nowMs, blocked, missing, around, copies: new Map() }
    for (const sighting of this.#recognise(sightings, look)) this.#identify(sighting, look)
    const present = new Set(this.#present(look).map(({ id }) => id))
    for (const file of missing) this.#search(file, present, look)
    closeSome(this.#chains.all, this.#handles)
    this.#copies = look.copies
    const isUndecided = look.copies.size > 0 || this.#chains.all.some((file) => file.isMissed)
    return { folders, blocked, isUndecided }
  }

  /** Takes the files whose inode is known and still holds what it held; the others are for a closer look. */
  #recognise(sightings: readonly Sighting[], { missing, nowMs }: Look): Sighting[] {
    const known = new Map([...missing].filter((file) => !file.isDisplaced).map((file) => [file.id, file]))
    const met = new Set<string>()
    return sightings.filter(({ place }) => {
      if (met.has(place.id)) return false // a second name of the same file
      met.add(place.id)
      const file = known.get(place.id)
      if (file === undefined) return true
      if (!file.isStill(place)) {
        file.displace()
        return true
      }
      file.seenAt(place, nowMs)
      missing.delete(file)
      return false
    })
  }

  /** Whose content it is that stands in an unknown place, or not there any more. */
  #identify(sighting: Sighting, look: Look): void {
    const { path, id } = sighting.place
    const found = OpenFile.open(path, this.#handles)
    if (found.kind === 'blocked') look.blocked.set(path, found.reason)
    if (found.kind !== 'found') return
    const open = found.value
    // It has been renamed since: the next look tells.
    if (open.place.id !== id) return open.close()
    const moved = whoMovedTo(sighting, open, look.missing)
    if (moved === null) return this.#begin(sighting, open, look)
    look.missing.delete(moved)
    moved.movedTo(open, look.nowMs)
  }

  #begin(sighting: Sighting, open: OpenFile, look: Look): void {
    const { missing, copies, nowMs } = look
    const { path, id, stamp, bytes } = sighting.place
    const original = whoIsCopiedTo(sighting, open, this.#present(look))
    if (original !== null && (original.print.offset < bytes || this.#copies.get(id) !== stamp)) {
      // Soon the original is truncated, and what has not been read of it is to be read here.
      copies.set(id, stamp)
      return open.close()
    }
    if (this.#chains.isFull) look.blocked.set(dirname(path), 'too many files: make `include` narrower')
    if (sighting.excluded || this.#chains.isFull) return open.close()
    const file = TailedFile.begin(sighting.log, open, this.#handles, nowMs)
    if (original === null) this.#meet(file, sighting)
    else file.skipToEnd({ mayGrow: false })
    const last = this.#chains.last(file.log)
    const bearsTheName = last !== undefined && last.path === last.log && !missing.has(last)
    this.#chains.add(file, bearsTheName && sighting.rotatedAt !== null ? last : undefined)
    if (tooManyOpen(this.#handles)) closeSome(this.#chains.all, this.#handles)
  }

  /** Looks for a file's content under names that nobody follows. */
  #search(file: TailedFile, present: ReadonlySet<string>, { blocked, around, nowMs }: Look): void {
    const here = lookAt(file.path)
    if (here.kind === 'blocked') {
      blocked.set(file.path, here.reason)
      return
    }
    if (here.kind === 'found' && file.isStill(here.value)) return file.seenAt(here.value, nowMs)
    const places = around(file.log).filter(({ id }) => !present.has(id))
    const place = places.find((place) => file.isStill(place))
    if (place !== undefined) return file.seenAt(place, nowMs)
    for (const { path } of file.isOpen || file.print.offset === 0 ? [] : places) {
      const found = OpenFile.open(path, this.#handles)
      if (found.kind !== 'found') continue
      if (file.isIn(found.value)) return file.movedTo(found.value, nowMs)
      found.value.close()
    }
    file.seenNowhere(nowMs)
  }

  #present({ missing }: Look): TailedFile[] {
    return this.#chains.all.filter((file) => !missing.has(file))
  }
}
