import { deliver } from './deliver.ts'

await deliver('splunk_hec', (endpoint) => ({ endpoint, token: 'bench' }))
