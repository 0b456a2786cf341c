/**
 * `npm run flowfold`: the command line from the bundle that `npm ci` has left beside Node's compile cache, or from the
 * sources when one of them has changed since. See `src/decisions/0014-start.md`.
 */
import { freshProgram } from './bundle.ts'

const program = freshProgram(process.env.NODE_COMPILE_CACHE ?? '')
if (program) program.run()
else await (await import('../../flowfold.ts')).flowfold(process.argv.slice(2))
