import { statSync } from 'node:fs'
import koffi from 'koffi'
import { bpfCall, closeFd, errno } from '../../../receivers/ebpf/libc.ts'
import { insideNamespace } from '../../../receivers/ebpf/namespaces.ts'
import type { NodeWorld } from './node-world.ts'

const BPF_PROG_LOAD = 5
const BPF_LINK_CREATE = 28
const BPF_PROG_TYPE_SCHED_CLS = 3
const TCX_INGRESS = 46
/** `r0 = 0; exit`: TCX_PASS, after which no further program of the interface runs. */
const PASS = Buffer.from('b7000000000000009500000000000000', 'hex')

/** A program as a CNI has one: it decides about each packet that comes in at an interface, and later programs see none. */
export function attachDecider(world: NodeWorld, link: string): { detach(): void } {
  const program = bpfCall(BPF_PROG_LOAD, programAttributes())
  if (program < 0) throw new Error(`no program: errno ${errno()}`)
  const path = `/run/netns/${world.node}`
  const index = JSON.parse(world.run(world.node, 'ip', '-j', 'link', 'show', link))[0].ifindex
  const attributes = Buffer.alloc(64)
  attributes.writeUInt32LE(program, 0)
  attributes.writeUInt32LE(index, 4)
  attributes.writeUInt32LE(TCX_INGRESS, 8)
  const attached = insideNamespace({ inode: statSync(path).ino, path }, () =>
    bpfCall(BPF_LINK_CREATE, attributes),
  )
  closeFd(program)
  if (attached === null || attached < 0) throw new Error(`no link: errno ${errno()}`)
  return { detach: () => void closeFd(attached) }
}

const LICENCE = Buffer.from('GPL\0')

/** The first fields of `union bpf_attr` for loading. */
function programAttributes(): Buffer {
  const attributes = Buffer.alloc(120)
  attributes.writeUInt32LE(BPF_PROG_TYPE_SCHED_CLS, 0)
  attributes.writeUInt32LE(PASS.length / 8, 4)
  attributes.writeBigUInt64LE(koffi.address(PASS), 8)
  attributes.writeBigUInt64LE(koffi.address(LICENCE), 16)
  return attributes
}
