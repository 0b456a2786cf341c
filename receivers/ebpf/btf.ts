import koffi from 'koffi'
import { btfCalls } from './libbpf.ts'
import type { Pointer } from './libc.ts'

const KIND_ENUM = 6
const TYPE_HEADER_BYTES = 12
const ENUMERATOR_BYTES = 8

/** Names of an enum of the running kernel by number: drop reasons move from kernel to kernel. Empty without BTF. */
export function kernelEnum(name: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const btf = btfCalls.loadVmlinux()
  if (btf === null) return names
  try {
    const id = btfCalls.find(btf, name, KIND_ENUM)
    if (id > 0)
      for (const [number, text] of enumerators(btf, btfCalls.typeById(btf, id))) names.set(number, text)
    return names
  } finally {
    btfCalls.free(btf)
  }
}

/** `struct btf_type` and the `struct btf_enum`s behind it, as the kernel's UAPI has them. */
function* enumerators(btf: Pointer, type: Pointer): Generator<[number, string]> {
  const count = new DataView(koffi.view(type, TYPE_HEADER_BYTES)).getUint32(4, true) & 0xffff
  const bytes = new DataView(koffi.view(type, TYPE_HEADER_BYTES + count * ENUMERATOR_BYTES))
  for (let index = 0; index < count; index++) {
    const at = TYPE_HEADER_BYTES + index * ENUMERATOR_BYTES
    yield [bytes.getInt32(at + 4, true), btfCalls.nameAt(btf, bytes.getUint32(at, true))]
  }
}
