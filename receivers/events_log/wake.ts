import type { Host } from '../../src/sdk/index.ts'

/** Ends a pause when something happens in one of the folders, or when `delayMs` are over. */
export type Pause = (delayMs: number, folders: readonly string[], signal: AbortSignal) => Promise<void>

/** Watches cost descriptors and a listing each; with more folders than these, polling has to do. */
const MOST_FOLDERS = 32

/**
 * A pause that chokidar ends early. It is armed for one event and then closed: watching a file that is written to
 * thousands of times a second costs more than reading it.
 */
export function pauseUntilEvent({ clock, log }: Host): Pause {
  let works = true
  return async (delayMs, folders, signal) => {
    const isWatchable = folders.length > 0 && folders.length <= MOST_FOLDERS
    if (!works || !isWatchable || signal.aborted) return clock.sleep(delayMs, signal)
    const event = new AbortController()
    const stop = () => event.abort()
    signal.addEventListener('abort', stop, { once: true })
    const { watch } = await import('chokidar')
    // The folder's own watch tells of everything in it; one for each file would only cost.
    const watcher = watch([...folders], {
      depth: 0,
      ignoreInitial: true,
      ignored: (_, stats) => stats?.isFile() ?? false,
    })
    watcher.on('raw', stop)
    watcher.on('error', (error) => {
      works &&= !isExhausted(error)
      if (!works)
        log.warn('the system has no file watches left; news is found by polling alone', {
          reason: String(error),
        })
    })
    await clock.sleep(delayMs, event.signal)
    signal.removeEventListener('abort', stop)
    await watcher.close()
  }
}

/** inotify's limits, see inotify(7): `max_user_watches` and `max_user_instances`. */
function isExhausted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EMFILE')
}
