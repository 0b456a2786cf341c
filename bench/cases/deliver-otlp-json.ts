import { deliver } from './deliver.ts'

await deliver('otlp_http', (endpoint) => ({ endpoint, encoding: 'json' }))
