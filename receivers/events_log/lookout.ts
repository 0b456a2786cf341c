import { dirname } from 'node:path'
import type { Chains } from './chains.ts'
import { closeSome, tooManyOpen } from './descriptors.ts'
import type { Folders } from './folders.ts'
import { isContentOf, type Kinship, kinship } from './kinship.ts'
import { Novelty } from './novelty.ts'
import { failure, type Handles, lookAt, OpenFile, type Place } from './open-file.ts'
import type { Sighting, Survey } from './survey.ts'
import { TailedFile } from './tailed-file.ts'

export interface LookoutParts {
  readonly survey: Survey
  readonly chains: Chains
  readonly handles: Handles
  /** Decides of a file nobody has read how much of it counts, before it is read. */
  readonly meet: (file: TailedFile, sighting: Sighting) => void
  /** Told of a file that lost its end, and how many bytes of it nobody has read, as far as known. */
  readonly cut: (file: TailedFile, lostBytes: number) => void
}

/** What one look saw. */
export interface Seen {
  /** Where a file event would tell of news. */
  readonly folders: readonly string[]
  /** What cannot be looked at, and why. */
  readonly blocked: ReadonlyMap<string, string>
  /** Something was renamed or removed during the look. Read nothing before another one, or it comes out of order. */
  readonly isStale: boolean
}

/** What one look has found out so far. */
interface Look {
  readonly nowMs: number
  readonly folders: Folders
  /** Known files by the inode that they were seen under. */
  readonly inodes: ReadonlyMap<string, TailedFile>
  /** Those that were not found yet. */
  readonly missing: Set<TailedFile>
  /** Inodes that were seen in this look. */
  readonly met: Set<string>
  isStale: boolean
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
  readonly #cut: LookoutParts['cut']

  constructor({ survey, chains, handles, meet, cut }: LookoutParts) {
    this.#survey = survey
    this.#chains = chains
    this.#handles = handles
    this.#meet = meet
    this.#cut = cut
  }

  look(nowMs: number): Seen {
    const { sightings, folders, isStale } = this.#survey.take(this.#chains.logs)
    const files = this.#chains.all
    for (const file of files) {
      if (file.blocked !== null) folders.blocked.set(file.path, file.blocked)
      file.blocked = null
    }
    const inodes = new Map(files.filter((file) => !file.isDisplaced).map((file) => [file.id, file]))
    const look: Look = { nowMs, folders, inodes, missing: new Set(files), met: new Set(), isStale }
    const unknown = sightings.filter((sighting) => !this.#recognise(sighting, look))
    for (const file of look.missing) attempt(file, look, () => this.#checkHeld(file, look))
    for (const file of look.missing) attempt(file, look, () => this.#findInode(file, look))
    for (const sighting of unknown) this.#identify(sighting, look)
    for (const file of look.missing) attempt(file, look, () => this.#findContent(file, look))
    for (const file of look.missing)
      attempt(file, look, () =>
        file.seenNowhere(nowMs, { isFolderThere: look.folders.has(dirname(file.path)) }),
      )
    closeSome(this.#chains.all, this.#handles)
    return { folders: folders.watchable, blocked: folders.blocked, isStale: look.isStale }
  }

  /** Takes a file whose inode is known and still holds what it held; any other is for a closer look. */
  #recognise({ place, log }: Sighting, look: Look): boolean {
    if (look.met.has(place.id)) return true // a second name of the same file
    look.met.add(place.id)
    const file = look.inodes.get(place.id)
    if (file === undefined) return false
    return attempt(file, look, () => {
      const verdict = this.#compare(file, place)
      if (verdict === 'moved') look.isStale = true
      if (verdict === 'other') file.displace()?.close()
      if (verdict !== 'same') return verdict === 'moved'
      if (file.log !== log && !this.#survey.follows(file)) this.#chains.rename(file.log, log)
      file.seenAt(place, look.nowMs)
      look.missing.delete(file)
      return true
    })
  }

  /** A file that was truncated and moved away has new content, which only the open file leads to. */
  #checkHeld(file: TailedFile, { missing, nowMs }: Look): void {
    if (file.isIntact) return
    const open = file.displace()
    if (open === null) return
    const next = TailedFile.begin(file.log, open, this.#handles, nowMs)
    this.#chains.add(next, this.#chains.after(file))
    missing.add(next)
  }

  /** Under a name that nobody follows, or one that a link no longer leads to. */
  #findInode(file: TailedFile, look: Look): void {
    const here = lookAt(file.path)
    // As long as we may not look it is not missing.
    if (here.kind === 'blocked') {
      look.folders.blocked.set(file.path, here.reason)
      look.missing.delete(file)
      return
    }
    const around = look.folders.around(file.path)
    const places = here.kind === 'found' ? [here.value, ...around] : around
    const place = places.find((place) => this.#compare(file, place) === 'same')
    if (place === undefined) return
    file.seenAt(place, look.nowMs)
    look.missing.delete(file)
  }

  /** A file that lost its end is the same. */
  #compare(file: TailedFile, place: Place): 'same' | 'other' | 'moved' {
    const verdict = file.compareTo(place)
    if (verdict !== 'cut') return verdict
    this.#cut(file, file.cutBack())
    return 'same'
  }

  /** Whose content it is that stands in an unknown place, or not there any more. */
  #identify(sighting: Sighting, look: Look): void {
    const { path, id } = sighting.place
    if (sighting.excluded && look.missing.size === 0) return
    const found = OpenFile.open(path, this.#handles)
    if (found.kind === 'blocked') look.folders.blocked.set(path, found.reason)
    if (found.kind === 'absent') look.isStale = true
    if (found.kind !== 'found') return
    const open = found.value
    if (open.place.id !== id) {
      look.isStale = true
      return open.close()
    }
    // A rotated file of which nothing has been copied yet.
    if (open.place.bytes === 0 && sighting.rotatedAt !== null) return open.close()
    try {
      this.#takeAs(kinship(sighting, open, look.missing, this.#present(look)), sighting, open, look)
    } catch (error) {
      open.close()
      blockedBy(error, path, look)
    }
  }

  #takeAs(kin: Kinship, sighting: Sighting, open: OpenFile, look: Look): void {
    switch (kin.kind) {
      case 'moved':
        look.missing.delete(kin.file)
        kin.file.movedTo(open, look.nowMs)
        if (kin.file.isCut) this.#cut(kin.file, kin.file.cutBack())
        return
      case 'copy':
        // When the original is truncated, what has not been read of it is read here.
        return open.close()
      case 'old_copy':
        return this.#takeUp(kin.file, this.#begin(sighting, open, look))
      case 'stranger': {
        const file = this.#begin(sighting, open, look)
        if (file !== null) this.#meet(file, sighting)
      }
    }
  }

  /** Of a copy counts what comes behind the flows that were read. */
  #takeUp({ novelty: { newest } }: TailedFile, copy: TailedFile | null): void {
    if (newest === null) copy?.skipToEnd({ mayGrow: false })
    else if (copy !== null) copy.novelty = new Novelty(newest, copy.size)
  }

  #begin(sighting: Sighting, open: OpenFile, { folders, missing, nowMs }: Look): TailedFile | null {
    const { path } = sighting.place
    if (this.#chains.isFull) folders.blocked.set(dirname(path), 'too many files: make `include` narrower')
    if (sighting.excluded || this.#chains.isFull) {
      open.close()
      return null
    }
    const file = TailedFile.begin(sighting.log, open, this.#handles, nowMs)
    file.rotated = sighting.rotatedAt !== null
    const live = this.#chains.live(file.log)
    this.#chains.add(file, file.rotated && live !== null && !missing.has(live) ? live : undefined)
    if (tooManyOpen(this.#handles)) closeSome(this.#chains.all, this.#handles)
    return file
  }

  /** A file that was moved to another device, or copied and truncated, under a name that nobody follows. */
  #findContent(file: TailedFile, look: Look): void {
    if (file.isOpen) return
    const present = new Set(this.#present(look).map(({ id }) => id))
    for (const { path } of look.folders.around(file.path).filter(({ id }) => !present.has(id))) {
      const found = OpenFile.open(path, this.#handles)
      if (found.kind !== 'found') continue
      if (!isContentOf(file, found.value)) {
        found.value.close()
        continue
      }
      look.missing.delete(file)
      return file.movedTo(found.value, look.nowMs)
    }
  }

  #present({ missing }: Look): TailedFile[] {
    return this.#chains.all.filter((file) => !missing.has(file))
  }
}

/**
 * Tells whether a file is dealt with: `work` did not say false. An I/O error says nothing about a file, it stays what it
 * is until the next look.
 */
function attempt(file: TailedFile, look: Look, work: () => unknown): boolean {
  try {
    return work() !== false
  } catch (error) {
    blockedBy(error, file.path, look)
    look.missing.delete(file)
    file.close()
    return true
  }
}

function blockedBy(error: unknown, path: string, { folders }: Look): void {
  const why = failure(path, error)
  if (why.kind === 'blocked') folders.blocked.set(path, why.reason)
}
