import { attachClsact, removeStale } from './clsact.ts'
import { FLOW_PROGRAMS } from './flow-programs.ts'
import { BpfError, type BpfObject } from './libbpf.ts'
import { bpfCall, closeFd, errno } from './libc.ts'
import type { Link } from './netlink.ts'

export type Hook = 'tcx' | 'clsact'

/** Both directions of one interface. */
export interface Attachment {
  readonly hook: Hook
  detach(): void
}

/** Which of the programs of `flow.bpf.c` an interface gets. */
export type Place = 'host' | 'pod'

const BPF_LINK_CREATE = 28
const TCX_INGRESS = 46
const TCX_EGRESS = 47
/** Without another program named: before all of them. Behind one that decides, such as Cilium's, we would see nothing. */
const BPF_F_BEFORE = 1 << 3
const EINVAL = 22
const ARPHRD_ETHER = 1
const ARPHRD_LOOPBACK = 772

/**
 * Puts the programs on interfaces: as TCX links, which end with the process, or where the kernel has none as filters of the old
 * TC hook.
 */
export class Attacher {
  readonly #object: BpfObject
  #hook: Hook

  constructor(object: BpfObject, hook: Hook = 'tcx') {
    this.#object = object
    this.#hook = hook
  }

  /** Throws `BpfError`; then nothing of it stays attached. */
  attach(link: Pick<Link, 'index' | 'type'>, place: Place): Attachment {
    const [incoming, outgoing] = this.#programs(link, place)
    if (this.#hook === 'tcx') {
      removeStale(link.index, 'ingress')
      removeStale(link.index, 'egress')
    }
    const ingress = this.#one(incoming, link.index, 'ingress')
    try {
      const egress = this.#one(outgoing, link.index, 'egress')
      return {
        hook: this.#hook,
        detach() {
          ingress.detach()
          egress.detach()
        },
      }
    } catch (error) {
      ingress.detach()
      throw error
    }
  }

  #programs({ type }: Pick<Link, 'type'>, place: Place): [number, number] {
    const hasLinkHeader = type === ARPHRD_ETHER || type === ARPHRD_LOOPBACK
    const [incoming, outgoing] = FLOW_PROGRAMS[place === 'pod' ? 'pod' : hasLinkHeader ? 'ethernet' : 'bare']
    return [this.#object.programFd(incoming), this.#object.programFd(outgoing)]
  }

  #one(programFd: number, index: number, direction: 'ingress' | 'egress'): { detach(): void } {
    if (this.#hook === 'clsact') return attachClsact(programFd, index, direction)
    try {
      return attachTcx(programFd, index, direction)
    } catch (error) {
      if (!(error instanceof BpfError) || error.errno !== EINVAL) throw error
      // A kernel before 6.6 does not know the attach type.
      this.#hook = 'clsact'
      return attachClsact(programFd, index, direction)
    }
  }
}

/** A link to an interface; the kernel removes it when its file descriptor closes, whatever ends the process. */
function attachTcx(programFd: number, index: number, direction: 'ingress' | 'egress'): { detach(): void } {
  const attributes = Buffer.alloc(64)
  attributes.writeUInt32LE(programFd, 0)
  attributes.writeUInt32LE(index, 4)
  attributes.writeUInt32LE(direction === 'ingress' ? TCX_INGRESS : TCX_EGRESS, 8)
  attributes.writeUInt32LE(BPF_F_BEFORE, 12)
  const fd = bpfCall(BPF_LINK_CREATE, attributes)
  if (fd < 0) throw new BpfError('no TCX link', errno())
  return { detach: () => void closeFd(fd) }
}
