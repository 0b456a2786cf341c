import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'
import { CACHE, type Manifest, ROOT, sourceAt } from './bundle.ts'

/** Packages that every start needs. The others stay where they are, and are loaded when a config needs them. */
const BUNDLED = ['commander', 'yaml', 'zod']

/** What these packages load and nobody here uses: messages in fifty languages; subcommands that are other programs. */
const LEFT_OUT = /^\.\.?\/locales\/index\.js$|^node:child_process$/

/** Says which versions of the packages went in. */
const INSTALLED = 'node_modules/.package-lock.json'

/** Makes the bundle in a folder and removes what was there of older ones. */
export async function makeBundle(folder: string): Promise<Manifest> {
  const { text, sources } = await bundled()
  const name = `program-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.cjs`
  const manifest = { root: ROOT, sources: [...sources, INSTALLED].map(sourceAt), program: join(folder, name) }
  mkdirSync(folder, { recursive: true })
  for (const old of readdirSync(folder)) if (/^program-/.test(old)) rmSync(join(folder, old))
  writeFileSync(manifest.program, text)
  warmUp(manifest.program)
  writeFileSync(join(folder, 'bundle.json.new'), JSON.stringify(manifest))
  renameSync(join(folder, 'bundle.json.new'), join(folder, 'bundle.json'))
  return manifest
}

/** The program as one script that answers with a function of `require` and `module`, and the sources it is made of. */
async function bundled(): Promise<{ text: string; sources: string[] }> {
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['flowfold.ts'],
    outfile: 'program.cjs',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: `node${process.versions.node}`,
    mainFields: ['module', 'main'],
    define: { 'import.meta.main': 'true' },
    banner: { js: '(function (require, module) {' },
    footer: { js: '})' },
    plugins: [sourcesInPlace, packages],
    logLevel: 'silent',
  })
  // Code is ASCII; what is not stands in comments. One byte a character is half the work for V8.
  const text = outputFiles[0].text.replace(/[^\0-\x7f]/g, '?')
  return { text, sources: Object.keys(metafile.inputs).filter((path) => path.endsWith('.ts')) }
}

/** Our own files: they find what lies beside them, and of zod they take what they use. */
const sourcesInPlace: Plugin = {
  name: 'sources in place',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const meta = { url: pathToFileURL(path).href, dirname: dirname(path), filename: path }
      const contents = readFileSync(path, 'utf8')
        .replace(/import\.meta\.(url|dirname|filename)\b/g, (_, key: keyof typeof meta) =>
          JSON.stringify(meta[key]),
        )
        .replace("import { z } from 'zod'", "import * as z from 'zod'")
      return { loader: 'ts', contents }
    })
  },
}

const packages: Plugin = {
  name: 'packages',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, importer }) => {
      const isOurs = !importer.includes('node_modules')
      if (isOurs && importer !== '' && !path.startsWith('node:') && !BUNDLED.includes(path))
        return { path, external: true }
      return null
    })
    build.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: 'left out' }))
    build.onLoad({ filter: /./, namespace: 'left out' }, () => ({ contents: '' }))
  },
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
    await makeBundle(CACHE)
  } catch (error) {
    process.stderr.write(`flowfold will start from its sources, a little slower: ${(error as Error).message}\n`)
  }
}
