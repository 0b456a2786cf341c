/** The programs of `flow.bpf.c`, for what comes in and what goes out, by where they sit. */
export const FLOW_PROGRAMS = {
  ethernet: ['ff_in', 'ff_out'],
  /** Devices without a link header. */
  bare: ['ff_in_l3', 'ff_out_l3'],
  pod: ['ff_pod_in', 'ff_pod_out'],
} as const
