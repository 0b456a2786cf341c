import { existsSync, readFileSync } from 'node:fs'
import { platform } from 'node:os'

/** Why something cannot be had, and the way out: sentences for the log. */

const CAPABILITIES = { NET_ADMIN: 12, SYS_ADMIN: 21, SYSLOG: 34, PERFMON: 38, BPF: 39 } as const
type Capability = keyof typeof CAPABILITIES

const EPERM = 1
const EACCES = 13
const EINVAL = 22
const ESRCH = 3
const ENOENT = 2

/** Why nothing at all can work here; null when something may. */
export async function whyNothingWorks(): Promise<string | null> {
  if (platform() !== 'linux') return `eBPF is a part of Linux, and this is ${platform()}`
  let load: typeof import('koffi').load
  try {
    load = (await import('koffi')).default.load
  } catch (error) {
    return `the native module koffi does not load: ${firstLine(error)}; install flowfold for this platform`
  }
  try {
    // Before the file that needs it: what failed to load once is not tried again.
    load('libbpf.so.1')
    await import('./libbpf.ts')
  } catch (error) {
    return whyNoLibbpf(firstLine(error))
  }
  const missing = missingOf(['BPF', 'NET_ADMIN', 'PERFMON'])
  if (missing.length === 0 || has('SYS_ADMIN')) return null
  return `the process lacks ${missing.map((name) => `CAP_${name}`).join(', ')}; run it as root or grant them`
}

function whyNoLibbpf(message: string): string {
  const install = 'install it: apt-get install libbpf1, dnf install libbpf, apk add libbpf'
  if (/symbol|find function/i.test(message))
    return `libbpf.so.1 is too old, 1.0 or newer is needed (${message}); ${install}`
  return `the library libbpf.so.1 does not load (${message}); ${install}`
}

/** Why an object does not load or attach, from what the kernel said. */
export function whyNot(
  what: 'flows' | 'drops' | 'tcp',
  error: { readonly errno: number; readonly log: readonly string[]; readonly message: string },
): string {
  if (!hasBtf())
    return 'the kernel has no BTF (/sys/kernel/btf/vmlinux is missing), so programs cannot be fitted to it; use a kernel with CONFIG_DEBUG_INFO_BTF'
  const code = Math.abs(error.errno)
  if (code === EPERM || code === EACCES) {
    const missing = missingOf(['BPF', 'NET_ADMIN', 'PERFMON'])
    if (missing.length > 0 && !has('SYS_ADMIN'))
      return `the process lacks ${missing.map((name) => `CAP_${name}`).join(', ')}; run it as root or grant them`
    return `the kernel refuses it${lockdown()}: ${error.message}`
  }
  if (what === 'drops' && (code === ESRCH || code === EINVAL || code === ENOENT))
    return 'the kernel does not say why it drops packets; that needs Linux 5.17'
  return [error.message, ...error.log.slice(-2)].join('; ')
}

/** What is asked for and not there; empty where `/proc` tells nothing. */
export function missingOf(wanted: readonly Capability[]): Capability[] {
  return wanted.filter((capability) => !has(capability))
}

export function has(capability: Capability): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(read('/proc/self/status'))?.[1]
  return (
    effective !== undefined && (BigInt(`0x${effective}`) & (1n << BigInt(CAPABILITIES[capability]))) !== 0n
  )
}

export function hasBtf(): boolean {
  return existsSync('/sys/kernel/btf/vmlinux')
}

function lockdown(): string {
  const mode = /\[(\w+)\]/.exec(read('/sys/kernel/security/lockdown'))?.[1]
  return mode === undefined || mode === 'none' ? '' : ` (it is locked down: ${mode})`
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function firstLine(error: unknown): string {
  return String((error as Error).message ?? error).split('\n', 1)[0]
}
