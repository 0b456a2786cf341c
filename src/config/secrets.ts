import type { SettingPath } from './problem.ts'
import { isSecret, type JsonSchema } from './settings-schema.ts'
import { type ConfigNode, nodeAt } from './tree.ts'

/** Whether nobody may see what stands at a path: secrets by their schema, and all that came out of a file. */
export function isHidden(node: ConfigNode, schema: JsonSchema, path: SettingPath): boolean {
  const value = nodeAt(node, path)
  if (value === null) return false
  const isFromFile = value.kind === 'scalar' && value.origin.kind === 'expanded' && value.origin.secret
  return isFromFile || isSecret(schema, path)
}
