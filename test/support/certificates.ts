import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface Certificate extends KeyPair {
  readonly certFile: string
  readonly keyFile: string
}

/** A certificate that signs itself: what a server shows, and what a client takes as its CA. */
export function selfSigned(names: readonly string[] = ['localhost', '127.0.0.1']): KeyPair {
  const { privateKey, publicKey } = ellipticKeys()
  const cert = certificate({
    subject: names[0],
    publicKey,
    issuer: names[0],
    signer: privateKey,
    names,
    days: 1,
  })
  return { cert, key: pem(privateKey) }
}

/** A file with this text, gone when the process is over. */
export function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flowfold-pem-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'cert.pem')
  writeFileSync(path, text)
  return path
}

/** A certificate authority of the test's own, and what it signs. */
export class TestCa {
  readonly cert: string
  readonly certFile: string
  readonly #folder: string
  readonly #name: string
  readonly #key: KeyObject

  constructor(folder: string, name = 'ca') {
    const { privateKey, publicKey } = ellipticKeys()
    const own = { subject: name, publicKey, issuer: name, signer: privateKey }
    this.cert = certificate({ ...own, names: [], days: 2, isCa: true })
    this.certFile = join(folder, `${name}.crt`)
    writeFileSync(this.certFile, this.cert)
    this.#folder = folder
    this.#name = name
    this.#key = privateKey
  }

  /** For a server at 127.0.0.1, unless it shall be for another name; with `days` -1 it has expired. */
  sign(
    name: string,
    { names = ['127.0.0.1'], days = 2, keys = ellipticKeys() }: Partial<SignOptions> = {},
  ): Certificate {
    const { privateKey, publicKey } = keys
    const signed = { subject: name, publicKey, issuer: this.#name, signer: this.#key, names, days }
    const made = { cert: certificate(signed), key: pem(privateKey) }
    const files = { certFile: join(this.#folder, `${name}.pem`), keyFile: join(this.#folder, `${name}.key`) }
    writeFileSync(files.certFile, made.cert)
    writeFileSync(files.keyFile, made.key)
    return { ...made, ...files }
  }
}

interface Keys {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

interface SignOptions {
  /** Host names and addresses that it is for. */
  readonly names: readonly string[]
  readonly days: number
  readonly keys: Keys
}

interface Contents {
  readonly subject: string
  readonly publicKey: KeyObject
  readonly issuer: string
  /** An elliptic key. */
  readonly signer: KeyObject
  readonly names: readonly string[]
  readonly days: number
  readonly isCa?: boolean
}

const DAY_MS = 86_400_000

/** X.509 version 3, RFC 5280. */
function certificate({ subject, publicKey, issuer, signer, names, days, isCa = false }: Contents): string {
  const algorithm = sequence(ECDSA_WITH_SHA256)
  const extensions = [
    ...(names.length > 0 ? [sequence(SUBJECT_ALT_NAME, der(OCTET_STRING, altNames(names)))] : []),
    ...(isCa ? [sequence(BASIC_CONSTRAINTS, TRUE, der(OCTET_STRING, sequence(TRUE)))] : []),
  ]
  const body = sequence(
    der(0xa0, der(INTEGER, Buffer.of(2))),
    der(INTEGER, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    commonName(issuer),
    sequence(time((Math.min(days, 0) - 1) * DAY_MS), time(days * DAY_MS)),
    commonName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = der(BIT_STRING, Buffer.concat([Buffer.of(0), sign('sha256', body, signer)]))
  const text = sequence(body, algorithm, signature).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${text.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

function ellipticKeys(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString()
}

const INTEGER = 0x02
const BIT_STRING = 0x03
const OCTET_STRING = 0x04
const UTF8_STRING = 0x0c
const TRUE = Buffer.from('0101ff', 'hex')
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex')
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex')

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(UTF8_STRING, Buffer.from(name)))))
}

function altNames(names: readonly string[]): Buffer {
  return sequence(
    ...names.map((name) =>
      isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name)),
    ),
  )
}

/** GeneralizedTime, to the second. */
function time(offsetMs: number): Buffer {
  const text = new Date(Date.now() + offsetMs).toISOString().replace(/[-:T]|\.\d+/g, '')
  return der(0x18, Buffer.from(text))
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

/** Tag, length, value; X.690, 8.1. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const { length } = value
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value])
  const bytes = length < 0x100 ? [length] : [length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length, ...bytes), value])
}
