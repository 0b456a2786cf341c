import { arch } from 'node:os'
import koffi from 'koffi'

/**
 * The few calls to the kernel that Node has no words for, out of the C library that this process has anyway. Synchronous;
 * failures are negative numbers, `errno` says why.
 */
const library = koffi.load(null)

/** What C calls `void *`. */
export type Pointer = bigint | null

const syscall = library.func('long syscall(long number, long a, void *b, long c)') as (
  number: number,
  a: number,
  b: Uint8Array | null,
  c: number,
) => number

const isArm = arch() === 'arm64'
const SYSCALL = { bpf: isArm ? 280 : 321, membarrier: isArm ? 283 : 324 } as const

const memory = {
  map: library.func(
    'void *mmap(void *at, size_t size, int protection, int flags, int fd, int64_t offset)',
  ) as (at: null, size: number, protection: number, flags: number, fd: number, offset: number) => bigint,
  unmap: library.func('int munmap(void *at, size_t size)') as (at: bigint, size: number) => number,
}

const clockGettime = library.func('int clock_gettime(int clock, void *time)') as (
  clock: number,
  time: Uint8Array,
) => number
const sysconf = library.func('long sysconf(int name)') as (name: number) => number
const usleep = library.func('int usleep(uint32_t us)') as (us: number) => number

export const closeFd = library.func('int close(int fd)') as (fd: number) => number

export const socketCalls = {
  open: library.func('int socket(int domain, int type, int protocol)') as (
    domain: number,
    type: number,
    protocol: number,
  ) => number,
  bind: library.func('int bind(int fd, void *address, uint32_t size)') as (
    fd: number,
    address: Uint8Array,
    size: number,
  ) => number,
  send: library.func('long send(int fd, void *bytes, size_t size, int flags)') as (
    fd: number,
    bytes: Uint8Array,
    size: number,
    flags: number,
  ) => number,
  receive: library.func('long recv(int fd, void *bytes, size_t size, int flags)') as (
    fd: number,
    bytes: Uint8Array,
    size: number,
    flags: number,
  ) => number,
  setOption: library.func('int setsockopt(int fd, int level, int name, void *value, uint32_t size)') as (
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    size: number,
  ) => number,
}

export const errno = (): number => koffi.errno()

/** `bpf(2)`, for what libbpf 1.0 has no function for. */
export function bpfCall(command: number, attributes: Uint8Array): number {
  return syscall(SYSCALL.bpf, command, attributes, attributes.length)
}

const setns = library.func('int setns(int fd, int type)') as (fd: number, type: number) => number

/** Moves this thread into a network namespace. */
export function enterNetns(fd: number): boolean {
  const CLONE_NEWNET = 0x40000000
  return setns(fd, CLONE_NEWNET) === 0
}

/**
 * Returns after every program that was running in the kernel when it was called has ended (an RCU grace period). Takes 8 ms,
 * hardly ever more than 20.
 */
export function awaitGracePeriod(): void {
  const MEMBARRIER_CMD_GLOBAL = 1
  // Kernels with `nohz_full` CPUs refuse; a program ends within microseconds of its packet.
  if (syscall(SYSCALL.membarrier, MEMBARRIER_CMD_GLOBAL, null, 0) !== 0) usleep(50_000)
}

export const pageBytes = (): number => sysconf(30)

/** A shared mapping of `fd`; null when the kernel refuses. `unmap` once nobody touches the bytes any more. */
export function mapShared(
  fd: number,
  {
    bytes,
    offset,
    isWritable,
  }: { readonly bytes: number; readonly offset: number; readonly isWritable: boolean },
): { readonly bytes: ArrayBuffer; unmap(): void } | null {
  const PROT_READ = 1
  const PROT_WRITE = 2
  const MAP_SHARED = 1
  const at = memory.map(null, bytes, isWritable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, offset)
  if (BigInt.asIntN(64, BigInt(at)) === -1n) return null
  return { bytes: koffi.view(at, bytes), unmap: () => void memory.unmap(at, bytes) }
}

/** Nanoseconds that wall time is ahead of the clock that programs stamp their records with. */
export function wallAheadNs(): bigint {
  return readClock(0) - readClock(1)
}

function readClock(clock: number): bigint {
  const time = Buffer.alloc(16)
  clockGettime(clock, time)
  return time.readBigInt64LE(0) * 1_000_000_000n + time.readBigInt64LE(8)
}
