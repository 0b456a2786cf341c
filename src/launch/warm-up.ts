import { writeFileSync } from 'node:fs'
import { runProgram } from './bundle.ts'

/** `node warm-up.ts PROGRAM ARGS`: runs it and leaves beside it the code that V8 has made of what ran. */
const [program, ...args] = process.argv.slice(2)
process.argv = [process.argv[0], program, ...args]
process.on('exit', () => writeFileSync(`${program}.code`, script.createCachedData()))
const script = runProgram(program)
