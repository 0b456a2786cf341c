import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { KernelSymbols } from '../../../receivers/ebpf/kallsyms.ts'
import { tempDir } from '../../support/temp-dir.ts'

function symbols(folder: string, lines: readonly string[]): KernelSymbols {
  const path = join(folder, 'kallsyms')
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return new KernelSymbols(path)
}

test('a place is named by the function it is in', (t) => {
  const names = symbols(tempDir(t), [
    'ffffffff81000000 T _stext',
    'ffffffff81000100 t ip_error',
    'ffffffff81000140 d some_data',
    'ffffffff81000200 W weak_one',
    'ffffffffc0002000 t nft_do_chain\t[nf_tables]',
    // Modules come in no order.
    'ffffffffc0001000 t veth_xmit\t[veth]',
  ])
  const named = [0x81000000n, 0x81000150n, 0x81000204n, 0xc0001010n, 0xc00023e8n].map((low) =>
    names.nameOf(0xffff_ffff_0000_0000n + low),
  )
  assert.deepEqual(named, [
    '_stext+0x0',
    'ip_error+0x50',
    'weak_one+0x4',
    'veth_xmit+0x10',
    'nft_do_chain+0x3e8',
  ])
})

test('what is in no function stays a number', (t) => {
  const names = symbols(tempDir(t), ['ffffffff81000000 T only'])
  assert.equal(names.nameOf(0xffffffff80ffffffn), '0xffffffff80ffffff')
  assert.equal(names.nameOf(0xffffffff91000000n), '0xffffffff91000000')
  assert.equal(names.nameOf(0x10n), '0x10')
})

test('without the right to see addresses, and without the file, all stay numbers', (t) => {
  const hidden = symbols(tempDir(t), ['0000000000000000 T _stext', '0000000000000000 T ip_error'])
  const absent = new KernelSymbols(join(tempDir(t), 'absent'))
  for (const names of [hidden, absent]) {
    names.prepare()
    assert.equal(names.nameOf(0xffffffff81000010n), '0xffffffff81000010')
  }
})

test('a file of many pieces is read as one', (t) => {
  const count = 20_000
  const at = (index: number) => 0xffffffff81000000n + BigInt(index) * 64n
  const names = symbols(
    tempDir(t),
    Array.from(
      { length: count },
      (_, index) => `${at(index).toString(16)} T f${'x'.repeat(index % 50)}_${index}`,
    ),
  )
  for (let index = 0; index < count; index++)
    assert.equal(names.nameOf(at(index) + 5n), `f${'x'.repeat(index % 50)}_${index}+0x5`)
})
