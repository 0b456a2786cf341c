/**
 * A start-up error that the person who wrote the config can mend. The engine adds file, line and column of the setting.
 */
export class SettingError extends Error {
  /** Path of the setting below the component: `['include', 0]`; empty for the component as a whole. */
  readonly path: readonly (string | number)[]

  constructor(path: readonly (string | number)[], problem: string) {
    super(problem)
    this.name = 'SettingError'
    this.path = path
  }
}

/**
 * Nobody can go on from here, and it is no bug: the message says what the outside world did, what that means, and the way
 * out. Ends the process with exit code 1; the state stays that of the last commit.
 */
export class FatalError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FatalError'
  }
}
