import { copyFileSync } from 'node:fs'

/** Puts the kernel beside the compiled code of the package. */
const target = `${import.meta.dirname}/../../dist/src/kernel/kernel.wasm`
copyFileSync(`${import.meta.dirname}/kernel.wasm`, target)
