import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Why certificates cannot be made here, or false. */
export const noOpenssl =
  spawnSync('openssl', ['version']).error !== undefined && 'there is no openssl on this machine'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
}

/** A certificate authority of the test's own, and what it signs. */
export class TestCa {
  readonly certFile: string
  readonly cert: string
  readonly #folder: string
  readonly #name: string

  constructor(folder: string, name = 'ca') {
    this.#folder = folder
    const { certFile, cert } = make(folder, name, [
      ...['-x509', '-subj', `/CN=${name}`, '-days', '2'],
      ...['-addext', 'basicConstraints=critical,CA:TRUE'],
    ])
    this.certFile = certFile
    this.cert = cert
    this.#name = name
  }

  /** For a server at 127.0.0.1, unless it shall be for another name; with `days` -1 it has expired. */
  sign(name: string, { altName = 'IP:127.0.0.1', days = 2 } = {}): Certificate {
    const folder = this.#folder
    const request = make(folder, name, ['-subj', `/CN=${name}`])
    const extensions = join(folder, `${name}.ext`)
    writeFileSync(extensions, `subjectAltName=${altName}\n`)
    const ca = ['-CA', this.certFile, '-CAkey', join(folder, `${this.#name}.key`), '-CAcreateserial']
    run(folder, [
      ...['x509', '-req', '-in', request.certFile, ...ca, '-days', String(days)],
      ...['-extfile', extensions, '-out', `${name}.pem`],
    ])
    const certFile = join(folder, `${name}.pem`)
    return { ...request, certFile, cert: readFileSync(certFile, 'utf8') }
  }
}

function make(folder: string, name: string, how: readonly string[]): Certificate {
  const keyFile = join(folder, `${name}.key`)
  const certFile = join(folder, `${name}.crt`)
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', keyFile]
  run(folder, ['req', ...how, ...key, '-out', certFile])
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
}

function run(folder: string, args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
}
