import { Buffer } from 'node:buffer'
import fc from 'fast-check'

const BYTES = Buffer.from('"\\{}[]:,0129-+.eEtfnuTZ \t\r\n\0\x01\x1f\x7f\x80\xc3\xa9\xffaA_@?#/<>&', 'latin1')
const SNIPPETS = [
  '"',
  '\\',
  '\\u0041',
  '\\ud800',
  '\\x',
  '{"flow":',
  '{"flow":{}}',
  '}{',
  'null',
  'true',
  '"time":',
  ',',
  '1e3',
  '-0',
  '00',
  '4294967295',
  '4294967296',
  '"isReply":true,',
  '"pod_name":"x",',
  '\n',
  '\r\n',
  '\0\0\0',
  'é',
  '\u2028',
  '"verdict":"DROPPED",',
  '"source":{"namespace":"x"},',
  '"drop_reason":133,',
  '"unknown_key":[1,{"a":[]}],',
  '"flow":{},',
  '?',
  '//',
  '://',
]

/** Lines with up to four injuries: bytes taken away, strange bytes put in, parts of other lines, anywhere. */
export function damaged(sources: readonly string[]): fc.Arbitrary<Buffer> {
  const line = fc.constantFrom(...sources).map((text) => Buffer.from(`${text}\n`))
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  const put = fc.oneof(
    fc.constant(Buffer.of()),
    fc.constantFrom(...BYTES).map((byte) => Buffer.of(byte)),
    fc.constantFrom(...SNIPPETS).map((text) => Buffer.from(text)),
    fc.tuple(line, share).map(([other, from]) => other.subarray(from * other.length)),
  )
  const taken = fc.oneof(fc.constantFrom(0, 1), fc.nat(40), fc.constant(Number.POSITIVE_INFINITY))
  return fc.tuple(line, fc.array(fc.tuple(share, taken, put), { maxLength: 4 })).map(([whole, injuries]) =>
    injuries.reduce((bytes, [at, bytesTaken, bytesPut]) => {
      const start = Math.floor(at * bytes.length)
      return Buffer.concat([bytes.subarray(0, start), bytesPut, bytes.subarray(start + bytesTaken)])
    }, whole),
  )
}
