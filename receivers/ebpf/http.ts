import { Buffer } from 'node:buffer'

/**
 * The first line of an HTTP/1 message and the name of the host: nothing else is read, so nothing else can leave. Of a URL
 * the host and the path are kept; user, password, query, fragment and path parameters (`;jsessionid=`) are not.
 */
export type HttpHead =
  | {
      readonly kind: 'request'
      readonly method: string
      /** `http://shop.example/cart`, `/cart` when nobody named the host, `shop.example:443` of CONNECT. */
      readonly url: string
      /** Empty when the head ended within the URL, which then is cut too. */
      readonly protocol: string
    }
  | { readonly kind: 'answer'; readonly code: number; readonly protocol: string }
  /** 1xx: the answer is still to come. */
  | { readonly kind: 'interim' }

/** RFC 9110 9 and RFC 5789: an open list would take any upper-case word of another protocol for a method. */
const REQUEST =
  /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) ([^ \r\n]+)(?: (HTTP\/1\.[01])\r?\n|(?: [^\r\n]{0,7})?$)/
const ANSWER = /^(HTTP\/1\.[01]) ([1-5]\d\d)(?: [^\r\n]*)?(?:\r?\n|$)/
const HOST = /\r?\nhost:[ \t]*([^\r\n]*?)[ \t]*\r?\n/i
const PLAIN_HOST = /^(?:[a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/i
const ABSOLUTE = /^https?:\/\/(?:[^/?#@]*@)?([^/?#]*)([^?#]*)/i
/** Paths are for people: what is longer is mostly not. */
const MOST_PATH_CHARACTERS = 256

/** Reads the head of a message; null when it is none. Never throws, whatever the bytes. */
export function readHttp(bytes: Uint8Array): HttpHead | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const answer = ANSWER.exec(text)
  if (answer) {
    const [, protocol, code] = answer
    return code.startsWith('1') && code !== '101'
      ? { kind: 'interim' }
      : { kind: 'answer', code: Number(code), protocol }
  }
  const request = REQUEST.exec(text)
  if (!request) return null
  const [line, method, target, protocol = ''] = request
  const url = urlOf(method, target, hostIn(text.slice(line.length - 1)))
  return url === null ? null : { kind: 'request', method, url, protocol }
}

/** The Host header, when it stands in the head and looks like one: what else is written there is nobody's business. */
function hostIn(text: string): string {
  const end = text.search(/\r?\n\r?\n/)
  const host = HOST.exec(end < 0 ? text : text.slice(0, end + 2))?.[1] ?? ''
  return PLAIN_HOST.test(host) ? host.toLowerCase() : ''
}

/** Clients ask for the same again and again. */
const urls = new Map<string, string | null>()
const MOST_URLS = 4096

function urlOf(method: string, target: string, host: string): string | null {
  const key = `${method} ${target} ${host}`
  const known = urls.get(key)
  if (known !== undefined) return known
  const url = makeUrl(method, target, host)
  if (urls.size >= MOST_URLS) urls.clear()
  urls.set(key, url)
  return url
}

function makeUrl(method: string, target: string, host: string): string | null {
  if (method === 'CONNECT') return PLAIN_HOST.test(target) ? target.toLowerCase() : null
  if (target === '*') return '*'
  if (target.startsWith('/')) return `${host && `http://${host}`}${pathOf(target)}`
  const absolute = ABSOLUTE.exec(target)
  if (!absolute || !PLAIN_HOST.test(absolute[1])) return null
  return `http://${absolute[1].toLowerCase()}${pathOf(absolute[2] || '/')}`
}

function pathOf(target: string): string {
  // A URL inside the path, as some proxies have it, may name a user too; parameters may hide that, and make it look so.
  const user = /\/\/[^/]*@/g
  const path = target
    .replace(/[?#].*$/s, '')
    .replace(user, '//')
    .replace(/;[^/]*/g, '')
    .replace(user, '//')
  const visible = path.replace(
    /[^\x21-\x7e]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0').toUpperCase()}`,
  )
  return visible.slice(0, MOST_PATH_CHARACTERS)
}
