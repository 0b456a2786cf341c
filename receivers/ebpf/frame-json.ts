import { z } from 'zod'
import { type Frame, FrameError } from './frames.ts'
import type { Survey } from './survey.ts'
import { helloSchema, lossesSchema, refusalSchema, requestSchema, worldSchema } from './world.ts'

const workload = z.object({
  name: z.string(),
  kind: z.enum(['Container', 'NetworkNamespace', 'Process', 'Service']),
})
const texts = z.array(z.string())

const surveySchema: z.ZodType<Survey> = z.object({
  hostAddresses: texts,
  listeners: z.array(z.object({ protocol: z.number(), port: z.number(), workload })),
  tenants: z.array(
    z.object({
      netnsInode: z.number(),
      addresses: texts,
      workload,
      podName: z.string().exactOptional(),
      labels: texts,
    }),
  ),
  hosts: z.array(z.object({ address: z.string(), name: z.string() })),
  hiddenProcesses: z.number(),
})

const SCHEMAS = {
  hello: helloSchema,
  world: worldSchema,
  losses: lossesSchema,
  survey: surveySchema,
  request: requestSchema,
  refusal: refusalSchema,
}

/** What a frame of JSON says. Throws `FrameError` when it has not the form of its type: it may come from anybody. */
export function jsonOf<T extends keyof typeof SCHEMAS>(type: T, frame: Frame): z.output<(typeof SCHEMAS)[T]> {
  const result = SCHEMAS[type].safeParse(parse(frame))
  if (!result.success)
    throw new FrameError(`a frame "${type}" of another form: ${result.error.issues[0].message}`)
  return result.data as z.output<(typeof SCHEMAS)[T]>
}

function parse({ type, payload }: Frame): unknown {
  try {
    return JSON.parse(payload.toString())
  } catch {
    throw new FrameError(`a frame "${type}" that is no JSON`)
  }
}
