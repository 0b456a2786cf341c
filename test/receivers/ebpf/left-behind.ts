import { readdirSync, readFileSync } from 'node:fs'
import koffi from 'koffi'
import { closeFd } from '../../../receivers/ebpf/libc.ts'

/** Ids of what a process holds in the kernel's BPF. */
export interface Held {
  readonly programs: readonly number[]
  readonly maps: readonly number[]
  readonly links: readonly number[]
}

const library = koffi.load('libbpf.so.1')
const open = {
  programs: library.func('int bpf_prog_get_fd_by_id(uint32_t id)') as (id: number) => number,
  maps: library.func('int bpf_map_get_fd_by_id(uint32_t id)') as (id: number) => number,
  links: library.func('int bpf_link_get_fd_by_id(uint32_t id)') as (id: number) => number,
}

/** As the kernel tells of the file descriptors of a process. */
export function heldBy(pid: number): Held {
  const texts = readdirSync(`/proc/${pid}/fdinfo`).map((fd) =>
    readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'),
  )
  const ids = (name: string) => {
    const found = texts.flatMap((text) => [...text.matchAll(new RegExp(`^${name}:\\s*(\\d+)`, 'gm'))])
    return [...new Set(found.map(([, id]) => Number(id)))]
  }
  return { programs: ids('prog_id'), maps: ids('map_id'), links: ids('link_id') }
}

/** Which of it the kernel still has. */
export function stillThere(held: Held): Held {
  const alive = (kind: keyof Held) =>
    held[kind].filter((id) => {
      const fd = open[kind](id)
      if (fd >= 0) closeFd(fd)
      return fd >= 0
    })
  return { programs: alive('programs'), maps: alive('maps'), links: alive('links') }
}
