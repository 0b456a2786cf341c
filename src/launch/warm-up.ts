import { writeFileSync } from 'node:fs'
import { compile } from './launch.ts'

/** `node warm-up.ts PROGRAM ARGS`: runs it and leaves beside it the code that V8 has made of what ran. */
const [path] = process.argv.splice(2, 1)
const program = compile(path)
process.on('exit', () => writeFileSync(`${path}.code`, program.script.createCachedData()))
program.run()
