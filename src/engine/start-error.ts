import type { ResolvedConfig } from '../config/resolved.ts'
import { SettingError } from '../sdk/index.ts'

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

/** Makes a component; one that refuses its settings is reported with the place of the setting. */
export function made<T>(
  { placeOf }: Pick<ResolvedConfig, 'placeOf'>,
  section: 'receivers' | 'processors' | 'exporters',
  id: string,
  create: () => T,
): T {
  try {
    return create()
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    const path = [section, id, ...error.path]
    throw new StartError(`${placeOf(path)} ${path.join('.')}: ${error.message}`, 'config')
  }
}
