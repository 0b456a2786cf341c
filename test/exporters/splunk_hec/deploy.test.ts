import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cimFields } from '../../../exporters/splunk_hec/cim.ts'
import { splunkHec } from '../../../exporters/splunk_hec/index.ts'
import { COLUMNS } from '../../../src/sdk/index.ts'
import { FULL_ROW } from '../../support/full-row.ts'

/** Stanzas of a Splunk configuration file; a backslash at the end of a line continues it. */
function stanzas(name: string): Map<string, { readonly [key: string]: string }> {
  const text = readFileSync(new URL(`../../../deploy/splunk/${name}.conf`, import.meta.url), 'utf8')
  const found = new Map<string, { [key: string]: string }>()
  let current: { [key: string]: string } = {}
  for (const line of text.replaceAll(/\\\n/g, ' ').split('\n')) {
    const title = /^\[(.+)\]$/.exec(line)?.[1]
    const setting = /^([A-Za-z][\w.-]*) = (.*)$/.exec(line)
    if (title !== undefined) {
      current = {}
      found.set(title, current)
    } else if (setting) current[setting[1]] = setting[2]
    else assert.match(line, /^(#.*)?$/, `${name}.conf: "${line}" is no setting`)
  }
  return found
}

const settings = splunkHec.settings.parse({ endpoint: 'https://splunk:8088', token: 'abc' }) as {
  readonly sourcetype: string
}

test('the source type is the one that the exporter sends', () => {
  assert.deepEqual([...stanzas('props').keys()], [settings.sourcetype])
  for (const { search } of [...stanzas('eventtypes').values(), ...stanzas('savedsearches').values()])
    assert.match(search, new RegExp(`sourcetype="${settings.sourcetype}"`))
})

test('every tag is for an event type that there is', () => {
  const types = new Set([...stanzas('eventtypes').keys()].map((name) => `eventtype=${name}`))
  for (const tagged of stanzas('tags').keys()) assert.ok(types.has(tagged), tagged)
  assert.deepEqual(stanzas('tags').get('eventtype=cilium_hubble_flow'), {
    network: 'enabled',
    communicate: 'enabled',
  })
})

test('searches and aliases ask for fields that events have', () => {
  const props = stanzas('props').get(settings.sourcetype)!
  const aliases = Object.entries(props).filter(([key]) => key.startsWith('FIELDALIAS-'))
  const made = aliases.map(([, alias]) => alias.split(' AS ')[1])
  const known = new Set([...COLUMNS.map(({ name }) => name), ...Object.keys(cimFields(FULL_ROW)), ...made])
  for (const [, alias] of aliases) assert.ok(known.has(alias.split('.')[0]), alias)
  for (const [title, { search }] of stanzas('savedsearches')) {
    const grouped = [...search.matchAll(/ BY ([\w ]+?) *(?:\||$)/g)].flatMap(([, fields]) =>
      fields.split(' '),
    )
    const summed = [...search.matchAll(/\b(?:sum|values)\((\w+)\)/g)].map(([, field]) => field)
    assert.ok(grouped.length > 0, title)
    for (const field of [...grouped, ...summed])
      if (field !== '_time') assert.ok(known.has(field), `${title}: ${field}`)
  }
})
