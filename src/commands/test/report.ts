import type { Row } from '../../sdk/index.ts'
import type { Comparison } from './comparison.ts'
import type { Difference } from './differences.ts'

/** `ok    prod.yaml:30:5 drops are kept`, and below it what is wrong. */
export function heading(place: string, name: string, faults: readonly string[]): string {
  return `${faults.length === 0 ? 'ok  ' : 'FAIL'}  ${place}  ${name}\n${faults.join('')}`
}

export function failureText(pipeline: string, reason: string): string {
  return `      ${pipeline}: ${reason}\n`
}

/** Expected rows with "-", what came out instead with "+", as `diff` has it. */
export function comparisonText(
  pipeline: string,
  { different, missing, unexpected }: Comparison,
  placeOf: (row: number) => string,
): string {
  const lines = [
    ...different.flatMap(({ expected, differences }) => [
      `${placeOf(expected)}: row ${expected + 1} did not come out; the closest that did differs`,
      ...differences.flatMap(differenceLines),
    ]),
    ...missing.map((expected) => `${placeOf(expected)}: row ${expected + 1} did not come out`),
    ...unexpected.flatMap((row) => ['a row came out that the test does not expect', ...rowLines(row)]),
  ]
  return lines.map((line) => `      ${/^[-+] /.test(line) ? `  ${line}` : `${pipeline}: ${line}`}\n`).join('')
}

function differenceLines({ place, expected, actual }: Difference): string[] {
  return [...line('-', place, expected), ...line('+', place, actual)]
}

function line(sign: '-' | '+', place: string, value: unknown): string[] {
  return [`${sign} ${place}: ${value === undefined ? '(nothing)' : JSON.stringify(value)}`]
}

/** A column a line, so that it can be copied into the test. */
function rowLines(row: Row): string[] {
  return Object.entries(row).flatMap(([column, value]) => line('+', column, value))
}
