import { writeFileSync } from 'node:fs'
import v8 from 'node:v8'

/** `node --import late.ts`: leaves a list of Node's modules that were loaded after a flag of V8 was set. */
const set = v8.setFlagsFromString
let before: readonly string[] | null = null
v8.setFlagsFromString = (flag) => {
  before ??= modules()
  set(flag)
}
process.on('exit', () => {
  const known = before ?? []
  const late = modules().filter((name) => before === null || !known.includes(name))
  writeFileSync(process.env.LATE_TO ?? '', JSON.stringify(late))
})

function modules(): string[] {
  const { moduleLoadList } = process as unknown as { readonly moduleLoadList: readonly string[] }
  return moduleLoadList.flatMap((entry) => entry.match(/^NativeModule (.*)/)?.[1] ?? [])
}
