import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A backend that takes everything and does nothing with it, in a process of its own: its CPU time is not ours. */
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.setHeader('content-type', 'application/json')
    response.end(request.url?.includes('collector') ? '{"text":"Success","code":0}' : '{}')
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.stdin.resume().on('end', () => process.exit())
