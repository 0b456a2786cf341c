import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, statSync } from 'node:fs'
import { enterNetns } from './libc.ts'

/** A network namespace, and a file that leads into it. */
export interface Namespace {
  readonly inode: number
  readonly path: string
}

/** Namespaces with processes, and those with names: container runtimes name theirs, even of pods that hold no process. */
const NAMED = ['/run/netns', '/run/docker/netns', '/var/run/netns']
const MOST_PROCESSES = 32_768

/** All that can be found, but for our own. */
export function otherNamespaces(): Namespace[] {
  const own = inodeOf('/proc/self/ns/net')
  const paths = [
    ...list('/proc')
      .filter((name) => /^\d+$/.test(name))
      .slice(0, MOST_PROCESSES)
      .map((pid) => `/proc/${pid}/ns/net`),
    ...NAMED.flatMap((folder) => list(folder).map((name) => `${folder}/${name}`)),
  ]
  const found = new Map<number, Namespace>()
  for (const path of paths) {
    const inode = inodeOf(path)
    if (inode !== null && inode !== own && !found.has(inode)) found.set(inode, { inode, path })
  }
  return [...found.values()]
}

/**
 * Does something synchronous inside a namespace; null when that is gone. Throws, rather than stay there, when there is no way
 * back.
 */
export function insideNamespace<T>({ inode, path }: Namespace, work: () => T): T | null {
  const target = open(path)
  if (target === null) return null
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    // The path may lead elsewhere by now: numbers of processes are used again.
    return inodeOf(path) === inode && enterNetns(target) ? work() : null
  } finally {
    // From home to home is no way at all; it never fails.
    const isBack = enterNetns(home)
    closeSync(home)
    closeSync(target)
    assert.ok(isBack, 'no way back from the namespace of a pod')
  }
}

function open(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch {
    return null
  }
}

function inodeOf(path: string): number | null {
  try {
    return statSync(path).ino
  } catch {
    return null
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
