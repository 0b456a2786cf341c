/**
 * `npm run flowfold`: the command line from the bundle that `npm ci` left, or from the sources when one of them has
 * changed since. See `src/decisions/0010-start.md`.
 */
import { CACHE, freshBundle, runProgram } from './bundle.ts'

const bundle = freshBundle(CACHE)
if (bundle) runProgram(bundle.program)
else await (await import('../../flowfold.ts')).flowfold(process.argv.slice(2))
