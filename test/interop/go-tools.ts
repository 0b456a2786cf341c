import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Git ignores it; a second run finds there what the first one built. */
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/interop')

/** A program, or why there is none on this machine. */
export type Program =
  | { readonly kind: 'built'; readonly path: string }
  | { readonly kind: 'missing'; readonly reason: string }

const GO = spawnSync('go', ['version'], { encoding: 'utf8' })

/** Builds a program once for each `recipe`; `build` leaves it at the path that it is given. */
export function built(name: string, recipe: string, build: (path: string, folder: string) => void): Program {
  const folder = join(CACHE, `${name}-${createHash('sha1').update(recipe).digest('hex').slice(0, 10)}`)
  const path = join(folder, name)
  if (existsSync(path)) return { kind: 'built', path }
  if (GO.status !== 0)
    return { kind: 'missing', reason: `there is no Go on this machine to build ${name} with` }
  mkdirSync(folder, { recursive: true })
  try {
    build(path, folder)
    return { kind: 'built', path }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    return { kind: 'missing', reason: `${name} cannot be built: ${reasonOf(error)}` }
  }
}

/** Runs `go`; throws with all that it said. */
export function go(argv: readonly string[], env: { readonly [name: string]: string } = {}): void {
  execFileSync('go', argv, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 2 ** 20,
  })
}

/** The modules that Go was refused, or else the last that it said. */
function reasonOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: Buffer; readonly message: string }
  const said = String(stderr ?? message).trim()
  const refused = said.matchAll(/([\w.-]+@v[\w.-]+): (?:reading|invalid|unrecognized)/g)
  const modules = [...new Set([...refused].map(([, module]) => module))]
  return modules.length > 0 ? `Go cannot get ${modules.join(', ')}` : (said.split('\n').at(-1) ?? message)
}
