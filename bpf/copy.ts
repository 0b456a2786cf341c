import { cpSync } from 'node:fs'

/** Puts the built programs beside the compiled code of the package. */
cpSync(`${import.meta.dirname}/dist`, `${import.meta.dirname}/../dist/bpf/dist`, { recursive: true })
