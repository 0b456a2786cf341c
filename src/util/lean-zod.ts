import { registerHooks } from 'node:module'

/**
 * Leaves out what zod does for others: messages in fifty languages, whose loading is half of loading zod (the wording
 * of mistakes is our own), and code made at run time, which pays when a schema is used thousands of times. Call it
 * before the first import of zod.
 */
export function leanZod(): void {
  Object.assign(globalThis, { __zod_globalConfig: { jitless: true } })
  registerHooks({
    load: (url, context, next) =>
      url.endsWith('/zod/v4/locales/index.js')
        ? { format: 'module', source: 'export {}', shortCircuit: true }
        : next(url, context),
  })
}
