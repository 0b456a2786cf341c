import type { Configured, ResolvedConfig } from '../config/resolved.ts'
import { loneSender } from '../engine/lone-sender.ts'
import { StartError } from '../engine/start-error.ts'
import { makeWorld, type World } from '../engine/world.ts'
import { attempt } from '../export/attempt.ts'
import type { AnyExporterDefinition, SenderDefinition, SendResult } from '../sdk/index.ts'
import { table } from './format.ts'
import type { Terminal } from './terminal.ts'

/** Of an exporter: null when it would take rows, else why not. */
interface Finding {
  readonly id: string
  readonly trouble: string | null
}

/** A person waits. */
const LONGEST_MS = 15_000

/** Asks every exporter whether it would take rows, without sending any, and prints a line for each; false if one would not. */
export async function connect(config: ResolvedConfig, terminal: Terminal): Promise<boolean> {
  const world = await makeWorld(config, terminal)
  const findings = await Promise.all(
    [...config.exporters.values()].map(async (exporter) => ({
      id: exporter.id,
      trouble: await troubleOf(exporter, config, world),
    })),
  )
  terminal.out.write(report(findings))
  return findings.every(({ trouble }) => trouble === null)
}

async function troubleOf(
  exporter: Configured<AnyExporterDefinition>,
  config: ResolvedConfig,
  world: World,
): Promise<string | null> {
  const { definition, settings } = exporter
  if (definition.kind === 'sink') return definition.probe?.(settings) ?? null
  try {
    return await answerOf({ ...exporter, definition }, config, world)
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return error.message
  }
}

async function answerOf(
  exporter: Configured<SenderDefinition>,
  config: ResolvedConfig,
  world: World,
): Promise<string | null> {
  const { sender, settings } = loneSender(config, exporter, world)
  const timeoutMs = Math.min(settings.timeoutMs, LONGEST_MS)
  const never = new AbortController().signal
  try {
    const result = await attempt((signal) => sender.probe(signal), {
      clock: world.clock,
      timeoutMs,
      givingUp: never,
    })
    return troubleIn(result)
  } finally {
    sender.close?.()
  }
}

function troubleIn(result: SendResult | null): string | null {
  if (result === null || result.kind === 'accepted') return null
  if (result.kind === 'retry') return result.reason
  return `it refuses a request without rows, and may well refuse rows: ${result.reason}`
}

function report(findings: readonly Finding[]): string {
  if (findings.length === 0) return ''
  return table(
    findings.map(({ id, trouble }) => [
      id,
      trouble === null ? 'ok' : 'fails',
      trouble ?? 'would take rows now',
    ]),
  )
}
