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
