/**
 * `npm run flowfold`: the command line from the bundle that `npm ci` has left beside Node's compile cache, or from the
 * sources when one of them has changed since. See `src/decisions/0014-start.md`.
 *
 * One file, for each that is loaded at a start costs 3 ms. Node's modules, asked for like this, cost 3 ms less than
 * imported, which would read all their exports and load what some stand for.
 */
const { createRequire } = process.getBuiltinModule('node:module')
const { readFileSync, statSync } = process.getBuiltinModule('node:fs')
const { join } = process.getBuiltinModule('node:path')
const { Script, constants } = process.getBuiltinModule('node:vm')
const { setFlagsFromString } = process.getBuiltinModule('node:v8')

export const ROOT = join(import.meta.dirname, '../..')

/** What `bundle.json` says. */
export interface Bundle {
  /** Where the sources were; the program knows its files by it. */
  readonly root: string
  readonly sources: readonly Source[]
  /** Path of the program; what V8 made of it lies beside it, with `.code` at the end. */
  readonly program: string
}

/** A file as it was when the bundle was made: path below the root, bytes, milliseconds. */
export type Source = readonly [path: string, size: number, mtimeMs: number]

export interface Program {
  readonly script: InstanceType<typeof Script>
  /** As `node PATH` would. */
  run(): void
}

/** The program of the bundle in a folder; null when there is none, or when a source has changed since it was made. */
export function freshProgram(folder: string): Program | null {
  try {
    const bundle: Bundle = JSON.parse(readFileSync(join(folder, 'bundle.json'), 'utf8'))
    return bundle.root === ROOT && bundle.sources.every(isUnchanged) ? compile(bundle.program) : null
  } catch {
    return null
  }
}

export function sourceAt(path: string): Source {
  const { size, mtimeMs } = statSync(`${ROOT}/${path}`)
  return [path, size, mtimeMs]
}

function isUnchanged([path, size, mtimeMs]: Source): boolean {
  const now = statSync(`${ROOT}/${path}`, { throwIfNoEntry: false })
  return now !== undefined && now.mtimeMs === mtimeMs && now.size === size
}

/** Takes the code that V8 had made of the program. Where that is missing or another V8's, it is compiled anew. */
export function compile(path: string): Program {
  const script = new Script(readFileSync(path, 'latin1'), {
    filename: path,
    cachedData: codeOf(path),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  return { script, run: () => script.runInThisContext()(createRequire(path), { exports: {} }) }
}

function codeOf(path: string): Buffer | undefined {
  try {
    return readFileSync(`${path}.code`)
  } catch {
    return undefined
  }
}

/** What a run over a log loads of Node; what they load themselves comes with them. */
const NEEDED = [
  'node:crypto',
  'node:fs/promises',
  'node:os',
  'node:sqlite',
  'node:stream/promises',
  'node:zlib',
]

/**
 * From now on V8 waits twenty times as long before it optimises a function. Its patience is made for pages that run
 * JavaScript all day; here the work is done in WebAssembly, and a start calls many functions just often enough.
 * Whatever stays busy for seconds is optimised all the same. Call it when the program is compiled, and before it runs;
 * other commands than `run` need not what is loaded here.
 */
function bePatient(): void {
  // Node's modules bring along their code, which V8 takes only as long as its flags are those it was made with.
  for (const name of NEEDED) process.getBuiltinModule(name)
  void process.stdout
  void process.stderr
  setFlagsFromString('--invocation-count-for-maglev=8000')
  setFlagsFromString('--invocation-count-for-turbofan=60000')
}

if (import.meta.main) {
  const program = freshProgram(process.env.NODE_COMPILE_CACHE ?? '')
  if (program) {
    if (process.argv[2] === 'run') bePatient()
    program.run()
  } else import('../../flowfold.ts').then(({ flowfold }) => flowfold(process.argv.slice(2)))
}
