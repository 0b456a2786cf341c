import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

/** `node --import loaded.ts`: leaves a list of what the process has loaded in the file that `LOADED_TO` names. */
const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
process.on('exit', () => writeFileSync(process.env.LOADED_TO ?? '', JSON.stringify(loaded)))
