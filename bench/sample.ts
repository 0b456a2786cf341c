import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateLines, writeLines } from './generator.ts'

/** Where the sample stands that newcomers fold first. */
export const SAMPLE_PATH = join(import.meta.dirname, '../config/sample/events.log')

/** A minute and a quarter with a bit of everything: denied by policy, NXDOMAIN, HTTP 500. */
export function sampleLines(): Generator<string> {
  return generateLines({ seed: 72, flows: 900, flowsPerSecond: 12 })
}

function main(): void {
  mkdirSync(dirname(SAMPLE_PATH), { recursive: true })
  writeLines(sampleLines(), SAMPLE_PATH)
}

if (import.meta.main) main()
