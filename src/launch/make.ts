import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'
import { type Bundle, ROOT, type Source, sourceAt } from './launch.ts'

/** Packages that every start needs. The others stay where they are, and are loaded when a config needs them. */
const BUNDLED = ['commander', 'yaml', 'zod']

/** What they load and nobody here uses: messages in fifty languages; subcommands that are programs of their own. */
const LEFT_OUT = /^\.\.?\/locales\/index\.js$|^node:child_process$/

/** Says which versions of the packages went in. */
const INSTALLED = 'node_modules/.package-lock.json'

/** Makes the bundle in a folder, in place of an older one. It finds its packages from there. */
export async function makeBundle(folder: string): Promise<Bundle> {
  const sources = [sourceAt(INSTALLED)]
  const text = await bundled(sources)
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const program = join(folder, `program-${hash}.cjs`)
  const bundle = { root: ROOT, sources, program }
  mkdirSync(folder, { recursive: true })
  writeFileSync(program, text)
  warmUp(program)
  writeFileSync(join(folder, 'bundle.json.new'), JSON.stringify(bundle))
  renameSync(join(folder, 'bundle.json.new'), join(folder, 'bundle.json'))
  for (const name of readdirSync(folder))
    if (name.startsWith('program-') && !name.includes(hash)) rmSync(join(folder, name))
  launchOnce(folder)
  return bundle
}

/** Node keeps what it makes of `launch.ts` in its compile cache; otherwise the first start would pay for it. */
function launchOnce(folder: string): void {
  spawnSync(process.execPath, [join(import.meta.dirname, 'launch.ts'), '--version'], {
    env: { ...process.env, NODE_COMPILE_CACHE: folder },
    stdio: 'ignore',
    timeout: 60_000,
  })
}

/** All in one script that answers with a function of `require` and `module`. Adds what it reads to `sources`. */
async function bundled(sources: Source[]): Promise<string> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['flowfold.ts'],
    outfile: 'program.cjs',
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: `node${process.versions.node}`,
    define: { 'import.meta.main': 'true' },
    banner: { js: '(function (require, module) {' },
    footer: { js: '})' },
    plugins: [sourcesInPlace(sources), packages],
    logLevel: 'silent',
  })
  // Code is ASCII; what is not stands in comments. One byte a character is half the work for V8.
  return outputFiles[0].text.replace(/[^\0-\x7f]/g, '?')
}

/** Our own files: they find what lies beside them, and of zod they take what they use. */
const sourcesInPlace = (sources: Source[]): Plugin => ({
  name: 'sources in place',
  setup(build) {
    build.onLoad({ filter: /./, namespace: 'file' }, ({ path }) => {
      if (isPackage(path)) return null
      // Before it is read: an edit in between makes the bundle stale, not wrong.
      sources.push(sourceAt(relative(ROOT, path)))
      if (!path.endsWith('.ts')) return null
      const meta = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path }
      const contents = readFileSync(path, 'utf8')
        .replace(/import\.meta\.(url|dirname|filename)\b/g, (_, key: keyof typeof meta) =>
          JSON.stringify(meta[key]),
        )
        .replace("import { z } from 'zod'", "import * as z from 'zod'")
      return { loader: 'ts', contents }
    })
  },
})

const packages: Plugin = {
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, importer, kind }) =>
      kind === 'entry-point' || isPackage(importer) || BUNDLED.includes(path) ? null : { external: true },
    )
    build.onResolve({ filter: LEFT_OUT }, ({ path, importer }) =>
      isPackage(importer) ? { path, namespace: 'left out' } : null,
    )
    build.onLoad({ filter: /./, namespace: 'left out' }, () => ({ contents: '' }))
  },
}

function isPackage(path: string): boolean {
  return path.includes('/node_modules/')
}

/** A short run over the sample, so that V8's code of all functions a run needs is there when it starts. */
function warmUp(program: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'flowfold-'))
  try {
    const config = join(folder, 'flowfold.yaml')
    writeFileSync(config, JSON.stringify(sampleRun(folder)))
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'warm-up.ts'), program, 'run', '--config', config],
      { encoding: 'utf8', timeout: 60_000 },
    )
    if (status !== 0) throw new Error(`the bundle does not run:\n${stderr}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function sampleRun(folder: string): object {
  return {
    receivers: { events_log: { include: [join(ROOT, 'config/sample/events.log')], stop_at_end: true } },
    processors: { aggregate: null },
    exporters: { file: { path: join(folder, 'rows.jsonl') } },
    service: {
      state_dir: join(folder, 'state'),
      telemetry: { metrics: { endpoint: 'none' }, logs: { level: 'warn' } },
      health: { endpoint: 'none' },
      pipelines: { logs: { receivers: ['events_log'], processors: ['aggregate'], exporters: ['file'] } },
    },
  }
}

if (import.meta.main) {
  try {
    await makeBundle(resolve(process.argv[2]))
  } catch (error) {
    // An installation without esbuild, or on a disk that is full, works all the same.
    process.stderr.write(
      `flowfold will start from its sources, a little slower: ${(error as Error).message}\n`,
    )
  }
}
