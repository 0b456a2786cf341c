import { registerHooks } from 'node:module'

/**
 * Leaves out zod's messages in fifty languages: loading them is half of loading zod, and the wording of mistakes is our
 * own. Call it before the first import of zod.
 */
export function leanZod(): void {
  registerHooks({
    load: (url, context, next) =>
      url.endsWith('/zod/v4/locales/index.js')
        ? { format: 'module', source: 'export {}', shortCircuit: true }
        : next(url, context),
  })
}
