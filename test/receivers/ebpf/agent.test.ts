import assert from 'node:assert/strict'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonOf } from '../../../receivers/ebpf/frame-json.ts'
import { encodeFrame, type Frame, FrameReader, jsonFrame } from '../../../receivers/ebpf/frames.ts'
import { PROTOCOL_VERSION } from '../../../receivers/ebpf/world.ts'
import { tempDir } from '../../support/temp-dir.ts'
import { skipReason } from './kernel.ts'
import { NodeWorld } from './node-world.ts'

const skip = await skipReason()
const FLOWFOLD = join(import.meta.dirname, '../../../flowfold.ts')
const REQUEST = { version: PROTOCOL_VERSION, watch: { interval: '200ms' }, source: null, records: 0 }

test('an agent serves one pipeline, and tells others why not them', {
  skip,
  timeout: 60_000,
}, async (context) => {
  const world = await NodeWorld.make(context)
  const path = join(tempDir(context), 'agent.sock')
  const child = world.start(context, world.node, process.execPath, FLOWFOLD, 'ebpf-agent', '--socket', path)
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (text) => String(text).includes('waiting') && resolve()),
  )
  const refusal = async (request: Buffer) => {
    const { socket, frames } = await connect(path, request)
    socket.destroy()
    return jsonOf('refusal', frames[0]).reason
  }
  const ask = (request: object) => encodeFrame(jsonFrame('request', request))

  assert.match(await refusal(Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')), /a frame of \d+ bytes/)
  assert.equal(
    await refusal(encodeFrame(jsonFrame('hello', { source: 'x' }))),
    'a frame "hello" instead of a request',
  )
  assert.match(await refusal(ask({ ...REQUEST, version: 99 })), /the agent speaks version 1, the pipeline 99/)
  assert.match(
    await refusal(ask({ ...REQUEST, watch: { interval: 'soon' } })),
    /settings: "soon" is no duration/,
  )
  assert.match(await refusal(ask({ nonsense: true })), /"request" of another form/)

  const first = await connect(path, ask(REQUEST))
  assert.equal(first.frames[0].type, 'hello')
  assert.equal(await refusal(ask(REQUEST)), 'another pipeline is connected to this agent')
  first.socket.destroy()

  // Who comes back finds the same source, and with other wishes a new one.
  const again = await connect(path, ask(REQUEST))
  const source = jsonOf('hello', first.frames[0]).source
  assert.equal(jsonOf('hello', again.frames[0]).source, source)
  again.socket.destroy()
  const other = await connect(path, ask({ ...REQUEST, watch: { mode: 'hubble' } }))
  assert.notEqual(jsonOf('hello', other.frames[0]).source, source)
  other.socket.destroy()
})

/** Says something to the agent; resolves with what it says first. */
async function connect(path: string, request: Buffer): Promise<{ socket: Socket; frames: Frame[] }> {
  // The one before may not have been seen to leave yet.
  await new Promise((resolve) => setTimeout(resolve, 50))
  const socket = createConnection(path)
  const reader = new FrameReader()
  socket.write(request)
  const frames = await new Promise<Frame[]>((resolve, reject) => {
    socket.on('error', reject)
    socket.on('data', (piece) => {
      const frames = [...reader.read(piece)]
      if (frames.length > 0) resolve(frames)
    })
  })
  return { socket, frames }
}
