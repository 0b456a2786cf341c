import koffi from 'koffi'
import type { Pointer } from './libc.ts'

/** ELF, BTF and relocation stay in libbpf: this is its surface, typed. libbpf 1.0 or newer, as every distribution has it. */
const library = koffi.load('libbpf.so.1')

type Integer = number

const call = {
  openFile: library.func('void *bpf_object__open_file(const char *path, void *options)') as (
    path: string,
    options: null,
  ) => Pointer,
  load: library.func('int bpf_object__load(void *object)') as (object: Pointer) => Integer,
  close: library.func('void bpf_object__close(void *object)') as (object: Pointer) => void,
  findProgram: library.func('void *bpf_object__find_program_by_name(void *object, const char *name)') as (
    object: Pointer,
    name: string,
  ) => Pointer,
  findMap: library.func('void *bpf_object__find_map_by_name(void *object, const char *name)') as (
    object: Pointer,
    name: string,
  ) => Pointer,
  nextMap: library.func('void *bpf_object__next_map(void *object, void *map)') as (
    object: Pointer,
    map: Pointer,
  ) => Pointer,
  setAutoload: library.func('int bpf_program__set_autoload(void *program, bool wanted)') as (
    program: Pointer,
    wanted: boolean,
  ) => Integer,
  programFd: library.func('int bpf_program__fd(void *program)') as (program: Pointer) => Integer,
  attach: library.func('void *bpf_program__attach(void *program)') as (program: Pointer) => Pointer,
  destroyLink: library.func('int bpf_link__destroy(void *link)') as (link: Pointer) => Integer,
  mapName: library.func('const char *bpf_map__name(void *map)') as (map: Pointer) => string,
  mapFd: library.func('int bpf_map__fd(void *map)') as (map: Pointer) => Integer,
  setMaxEntries: library.func('int bpf_map__set_max_entries(void *map, uint32_t entries)') as (
    map: Pointer,
    entries: number,
  ) => Integer,
  maxEntries: library.func('uint32_t bpf_map__max_entries(void *map)') as (map: Pointer) => Integer,
  keySize: library.func('uint32_t bpf_map__key_size(void *map)') as (map: Pointer) => Integer,
  valueSize: library.func('uint32_t bpf_map__value_size(void *map)') as (map: Pointer) => Integer,
  initialValue: library.func('void *bpf_map__initial_value(void *map, _Out_ size_t *size)') as (
    map: Pointer,
    size: [number],
  ) => Pointer,
  possibleCpus: library.func('int libbpf_num_possible_cpus()') as () => Integer,
  strerror: library.func('int libbpf_strerror(int error, void *text, size_t size)') as (
    error: number,
    text: Uint8Array,
    size: number,
  ) => Integer,
  version: library.func('const char *libbpf_version_string()') as () => string,
}

/** What map handles call; see `bpf-map.ts`. */
export const mapCalls = {
  lookup: library.func('int bpf_map_lookup_elem(int fd, void *key, void *value)') as (
    fd: number,
    key: Uint8Array,
    value: Uint8Array,
  ) => Integer,
  takeBatch: library.func(
    'int bpf_map_lookup_and_delete_batch(int fd, void *from, void *to, void *keys, void *values, void *count, void *options)',
  ) as (
    fd: number,
    from: Uint8Array | null,
    to: Uint8Array,
    keys: Uint8Array,
    values: Uint8Array,
    count: Uint8Array,
    options: null,
  ) => Integer,
}

/** What attaching to the old TC hook calls; see `clsact.ts`. */
export const tcCalls = {
  createHook: library.func('int bpf_tc_hook_create(void *hook)') as (hook: Uint8Array) => Integer,
  attach: library.func('int bpf_tc_attach(void *hook, void *options)') as (
    hook: Uint8Array,
    options: Uint8Array,
  ) => Integer,
  detach: library.func('int bpf_tc_detach(void *hook, void *options)') as (
    hook: Uint8Array,
    options: Uint8Array,
  ) => Integer,
  query: library.func('int bpf_tc_query(void *hook, void *options)') as (
    hook: Uint8Array,
    options: Uint8Array,
  ) => Integer,
  programFdById: library.func('int bpf_prog_get_fd_by_id(uint32_t id)') as (id: number) => Integer,
  infoByFd: library.func('int bpf_obj_get_info_by_fd(int fd, void *info, void *size)') as (
    fd: number,
    info: Uint8Array,
    size: Uint8Array,
  ) => Integer,
}

/** Reads types of the running kernel; see `btf.ts`. */
export const btfCalls = {
  loadVmlinux: library.func('void *btf__load_vmlinux_btf()') as () => Pointer,
  free: library.func('void btf__free(void *btf)') as (btf: Pointer) => void,
  find: library.func('int btf__find_by_name_kind(void *btf, const char *name, uint32_t kind)') as (
    btf: Pointer,
    name: string,
    kind: number,
  ) => Integer,
  typeById: library.func('void *btf__type_by_id(void *btf, uint32_t id)') as (
    btf: Pointer,
    id: number,
  ) => Pointer,
  nameAt: library.func('const char *btf__name_by_offset(void *btf, uint32_t offset)') as (
    btf: Pointer,
    offset: number,
  ) => string,
}

export const possibleCpus = (): number => call.possibleCpus()
export const libbpfVersion = (): string => call.version()

/** Something the kernel or libbpf refused: what, the error number, and what libbpf said about it. */
export class BpfError extends Error {
  readonly errno: number
  readonly log: readonly string[]

  constructor(what: string, errno: number, log: readonly string[] = said.splice(0)) {
    const text = Buffer.alloc(128)
    call.strerror(-Math.abs(errno), text, text.length)
    super(`${what}: ${text.toString('utf8', 0, text.indexOf(0))}`)
    this.name = 'BpfError'
    this.errno = errno
    this.log = log
  }
}

/** What libbpf would have printed. Its `va_list` is handed on as it came: a pointer on x86-64 and on arm64. */
const said: string[] = []
const MOST_LINES = 64
const vsnprintf = koffi
  .load(null)
  .func('int vsnprintf(void *text, size_t size, const char *format, void *arguments)') as (
  text: Uint8Array,
  size: number,
  format: string,
  args: Pointer,
) => number
const listener = koffi.register(
  (level: number, format: string, args: Pointer) => {
    if (level > 0) return 0
    const text = Buffer.alloc(4096)
    const length = vsnprintf(text, text.length, format, args)
    if (said.length < MOST_LINES) said.push(text.toString('utf8', 0, Math.min(length, 4095)).trimEnd())
    return 0
  },
  koffi.pointer(koffi.proto('int (int level, const char *format, void *arguments)')),
)
library.func('libbpf_set_print', 'void *', ['void *'])(listener)

export interface MapHandle {
  readonly name: string
  readonly fd: number
  readonly keyBytes: number
  readonly valueBytes: number
  readonly maxEntries: number
}

/** An object file: opened, configured, then loaded as a whole or not at all. */
export class BpfObject {
  readonly #object: Pointer

  private constructor(object: Pointer) {
    this.#object = object
  }

  static open(path: string): BpfObject {
    said.length = 0
    const object = call.openFile(path, null)
    if (object === null) throw new BpfError(`cannot open ${path}`, koffi.errno())
    return new BpfObject(object)
  }

  resize(map: string, entries: number): void {
    const error = call.setMaxEntries(this.#map(map), entries)
    if (error !== 0) throw new BpfError(`cannot make ${map} ${entries} large`, error)
  }

  /** The bytes of a section of constants, to be set before the object is loaded. */
  constants(suffix: string): DataView {
    const size: [number] = [0]
    const at = call.initialValue(this.#section(suffix), size)
    return new DataView(koffi.view(at, Number(size[0])))
  }

  /**
   * The map behind a section of variables. Once the object is loaded its memory is what the programs see; libbpf's own copy is
   * not, unless a skeleton made it so.
   */
  variables(suffix: string): MapHandle {
    return describe(this.#section(suffix))
  }

  /** Programs that the kernel need not check, which takes a tenth of a second each. */
  leaveOut(programs: readonly string[]): void {
    for (const name of programs) {
      const error = call.setAutoload(this.#program(name), false)
      if (error !== 0) throw new BpfError(`cannot leave ${name} out`, error)
    }
  }

  load(): void {
    said.length = 0
    const error = call.load(this.#object)
    if (error !== 0) throw new BpfError('the kernel does not load it', error)
  }

  programFd(name: string): number {
    return call.programFd(this.#program(name))
  }

  map(name: string): MapHandle {
    return describe(this.#map(name))
  }

  /** Attaches a program to what its section names. */
  attach(name: string): { detach(): void } {
    said.length = 0
    const link = call.attach(this.#program(name))
    if (link === null) throw new BpfError(`${name} cannot be attached`, koffi.errno())
    return { detach: () => void call.destroyLink(link) }
  }

  close(): void {
    call.close(this.#object)
  }

  #section(suffix: string): Pointer {
    for (let map = call.nextMap(this.#object, null); map !== null; map = call.nextMap(this.#object, map))
      if (call.mapName(map).endsWith(suffix)) return map
    throw new Error(`the object has no section ${suffix}`)
  }

  #map(name: string): Pointer {
    const map = call.findMap(this.#object, name)
    if (map === null) throw new Error(`the object has no map ${name}`)
    return map
  }

  #program(name: string): Pointer {
    const program = call.findProgram(this.#object, name)
    if (program === null) throw new Error(`the object has no program ${name}`)
    return program
  }
}

function describe(map: Pointer): MapHandle {
  return {
    name: call.mapName(map),
    fd: call.mapFd(map),
    keyBytes: call.keySize(map),
    valueBytes: call.valueSize(map),
    maxEntries: call.maxEntries(map),
  }
}
