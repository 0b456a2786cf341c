/** The state cannot be used; the message names the file and the way out. Ends the start with exit code 1. */
export class StateError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'StateError'
  }
}
