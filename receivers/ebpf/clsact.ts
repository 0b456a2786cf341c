import { BpfError, tcCalls } from './libbpf.ts'
import { closeFd } from './libc.ts'

/**
 * The TC hook of kernels before 6.6. A filter there outlives the process that made it, so ours have one fixed place, where a
 * restart replaces or removes what is left of the run before.
 */
const PRIORITY = 0xf10f
const HANDLE = 1
/** Our programs' names begin so: what is at our place and is not ours stays. */
const NAME_PREFIX = 'ff_'

const EEXIST = -17
const HOOK_BYTES = 24
const OPTIONS_BYTES = 40
const BPF_TC_F_REPLACE = 1
type Direction = 'ingress' | 'egress'

export function attachClsact(
  programFd: number,
  interfaceIndex: number,
  direction: Direction,
): { detach(): void } {
  const hook = hookOf(interfaceIndex, direction)
  const error = tcCalls.createHook(hook)
  if (error !== 0 && error !== EEXIST) throw new BpfError('no clsact hook', error)
  removeStale(interfaceIndex, direction)
  const options = optionsOf()
  options.writeInt32LE(programFd, 8)
  options.writeUInt32LE(BPF_TC_F_REPLACE, 12)
  const refusal = tcCalls.attach(hook, options)
  if (refusal !== 0) throw new BpfError('no TC filter', refusal)
  return { detach: () => void tcCalls.detach(hook, optionsOf()) }
}

/** Removes what an earlier run left at an interface; tells whether there was anything. */
export function removeStale(interfaceIndex: number, direction: Direction): boolean {
  const hook = hookOf(interfaceIndex, direction)
  const found = optionsOf()
  if (tcCalls.query(hook, found) !== 0) return false
  const PROGRAM_ID_AT = 16
  if (!programName(found.readUInt32LE(PROGRAM_ID_AT)).startsWith(NAME_PREFIX)) return false
  return tcCalls.detach(hook, optionsOf()) === 0
}

/** `struct bpf_tc_hook`: size, ifindex, attach point, parent. */
function hookOf(interfaceIndex: number, direction: Direction): Buffer {
  const hook = Buffer.alloc(HOOK_BYTES)
  hook.writeBigUInt64LE(BigInt(HOOK_BYTES), 0)
  hook.writeInt32LE(interfaceIndex, 8)
  hook.writeInt32LE(direction === 'ingress' ? 1 : 2, 12)
  return hook
}

/** `struct bpf_tc_opts`: size, program, flags, program id, handle, priority. */
function optionsOf(): Buffer {
  const options = Buffer.alloc(OPTIONS_BYTES)
  options.writeBigUInt64LE(BigInt(OPTIONS_BYTES), 0)
  options.writeUInt32LE(HANDLE, 20)
  options.writeUInt32LE(PRIORITY, 24)
  return options
}

/** The name in the kernel's `struct bpf_prog_info`; empty when the program is gone or not to be seen. */
function programName(id: number): string {
  const fd = tcCalls.programFdById(id)
  if (fd < 0) return ''
  const info = Buffer.alloc(128)
  const size = Buffer.alloc(4)
  size.writeUInt32LE(info.length)
  const error = tcCalls.infoByFd(fd, info, size)
  closeFd(fd)
  const NAME_AT = 64
  return error === 0 ? info.toString('latin1', NAME_AT, info.indexOf(0, NAME_AT)) : ''
}
