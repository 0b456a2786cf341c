import { type Document, isMap, isNode, isScalar, LineCounter, type Node, parseAllDocuments } from 'yaml'
import type { z } from 'zod'
import type { ResourceFile } from './resource-files.ts'
import { containerNetworkLogSpec, type FilterSpec } from './spec.ts'

/** A ContainerNetworkLog as a file holds it. */
export interface ContainerNetworkLog {
  readonly name: string
  readonly path: string
  readonly filters: readonly FilterSpec[]
}

export interface Resources {
  readonly logs: readonly ContainerNetworkLog[]
  /** Resources of other kinds. */
  readonly skipped: readonly { readonly kind: string; readonly place: string }[]
  /** Not empty: the files as a whole are not to be used. */
  readonly problems: readonly Problem[]
}

export interface Problem {
  /** `file:line:col`. */
  readonly place: string
  /** What is wrong, and what to do. */
  readonly text: string
  /** Index of the pattern that found the file. */
  readonly pattern: number
}

/** The kind was called RetinaNetworkFlowLog in the preview, and renamed in November 2025. */
const KINDS: readonly unknown[] = ['ContainerNetworkLog', 'RetinaNetworkFlowLog']
const API_GROUP = 'acn.azure.com/'

/** The ContainerNetworkLogs in the files, as kubectl would take them: several documents a file, and lists. */
export function parseResources(files: readonly ResourceFile[]): Resources {
  const parsers = files.map((file) => new FileParser(file))
  return {
    logs: parsers.flatMap(({ logs }) => logs),
    skipped: parsers.flatMap(({ skipped }) => skipped),
    problems: parsers.flatMap(({ problems }) => problems),
  }
}

type Path = readonly PropertyKey[]

class FileParser implements Resources {
  readonly logs: ContainerNetworkLog[] = []
  readonly skipped: { kind: string; place: string }[] = []
  readonly problems: Problem[] = []
  readonly #file: ResourceFile
  readonly #lines = new LineCounter()

  constructor(file: ResourceFile) {
    this.#file = file
    if (file.text === null) {
      this.#refuseAt(file.path, file.unreadable)
      return
    }
    // `merge`: keys `<<`, as kubectl knows them. `logLevel`: the parser itself would write warnings to the terminal.
    const options = { lineCounter: this.#lines, merge: true, logLevel: 'error' } as const
    for (const document of parseAllDocuments(file.text, options)) this.#document(document)
  }

  #document(document: Document): void {
    for (const error of document.errors)
      this.#refuseAt(this.#placeOf(error.pos[0]), `is not YAML: ${error.message.split(' at line ')[0]}`)
    if (document.errors.length > 0) return
    try {
      this.#resource(document, document.toJS(), [])
    } catch (error) {
      // Aliases that unfold into more than anybody wrote by hand.
      this.#refuse(document, [], `cannot be read: ${(error as Error).message}`)
    }
  }

  #resource(document: Document, resource: unknown, path: Path): void {
    // What stands between two `---` may be nothing, or comments only.
    if (resource === null && path.length === 0) return
    if (typeof resource !== 'object' || resource === null || Array.isArray(resource)) {
      this.#refuse(document, path, 'is no Kubernetes resource; it should begin with "apiVersion" and "kind"')
      return
    }
    const { kind, apiVersion, metadata, spec, items } = resource as { readonly [key: string]: unknown }
    if (typeof kind !== 'string')
      this.#refuse(document, path, 'has no "kind"; write "kind: ContainerNetworkLog"')
    else if (kind.endsWith('List') && Array.isArray(items))
      items.forEach((item, index) => {
        this.#resource(document, item, [...path, 'items', index])
      })
    else if (!KINDS.includes(kind)) this.skipped.push({ kind, place: this.#placeAt(document, path) })
    else if (typeof apiVersion !== 'string' || !apiVersion.startsWith(API_GROUP))
      this.#refuse(document, [...path, 'apiVersion'], 'must be "acn.azure.com/v1alpha1"')
    else this.#log(document, spec, nameOf(metadata), [...path, 'spec'])
  }

  #log(document: Document, spec: unknown, name: string, path: Path): void {
    const result = containerNetworkLogSpec.safeParse(spec)
    if (result.success) this.logs.push({ name, path: this.#file.path, filters: result.data })
    else for (const issue of result.error.issues) this.#issue(document, issue, path)
  }

  #issue(document: Document, issue: z.core.$ZodIssue, above: Path): void {
    const path = [...above, ...issue.path]
    const key = issue.code === 'unrecognized_keys' ? keyNode(document, path, issue.keys[0]) : null
    if (key?.range) this.#refuseAt(this.#placeOf(key.range[0]), `${spell(path)}: ${issue.message}`)
    else this.#refuse(document, path, issue.message)
  }

  #refuse(document: Document, path: Path, text: string): void {
    this.#refuseAt(this.#placeAt(document, path), path.length > 0 ? `${spell(path)}: ${text}` : text)
  }

  #refuseAt(place: string, text: string): void {
    this.problems.push({ place, text, pattern: this.#file.pattern })
  }

  /** Place of the node at the path, or of what would hold it. */
  #placeAt(document: Document, path: Path): string {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = nodeAt(document, path.slice(0, depth))
      if (node?.range) return this.#placeOf(node.range[0])
    }
    return this.#file.path
  }

  #placeOf(offset: number): string {
    const { line, col } = this.#lines.linePos(offset)
    return `${this.#file.path}:${line}:${col}`
  }
}

function nameOf(metadata: unknown): string {
  const name = (metadata as { readonly name?: unknown } | null | undefined)?.name
  return typeof name === 'string' ? name : '(no name)'
}

function nodeAt(document: Document, path: Path): Node | null {
  const node = path.length === 0 ? document.contents : document.getIn(path, true)
  return isNode(node) ? node : null
}

function keyNode(document: Document, path: Path, key: string): Node | null {
  const map = nodeAt(document, path)
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === key) : undefined
  return isNode(pair?.key) ? pair.key : null
}

/** `spec.includefilters[0].from`. */
function spell(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}
