import { createRequire } from 'node:module'

type Avro = typeof import('avro-js/lib/files.js')

let loaded: Avro | null = null

/** avro-js, with the first file that needs it: JSON lines do without. */
export function avro(): Avro {
  loaded ??= createRequire(import.meta.url)('avro-js/lib/files.js') as Avro
  return loaded
}
