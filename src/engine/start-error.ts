/** The service cannot start, or the new config cannot run. The message says where and what to do. */
export class StartError extends Error {
  /** Whose fault: the config's (exit code 78) or the world's (exit code 1). */
  readonly fault: 'config' | 'world'

  constructor(message: string, fault: 'config' | 'world') {
    super(message)
    this.name = 'StartError'
    this.fault = fault
  }
}
