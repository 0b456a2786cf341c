import { parseSize, SettingError, type Tool } from '../../src/sdk/index.ts'
import { whyNothingWorks } from './probe.ts'

const LEAST_BUFFER_BYTES = 1 << 20

/** `flowfold ebpf-agent` */
export const runAgent: Tool['run'] = async ({ socket, buffer }, { clock, log }, signal) => {
  const bufferBytes = parseSize(buffer)
  if (bufferBytes === null || bufferBytes < LEAST_BUFFER_BYTES)
    throw new SettingError(['buffer'], `"${buffer}" is no size of at least 1MiB; write for example "32MiB"`)
  const reason = await whyNothingWorks()
  if (reason !== null) throw new Error(reason)
  // It cannot even be loaded where the library is missing.
  const { Agent } = await import('./agent.ts')
  await new Agent({ socket, bufferBytes, clock, log }).run(signal)
}
