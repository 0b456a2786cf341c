import { COLUMNS, type ColumnType } from '../../sdk/index.ts'

export const TABLE = 'ContainerNetworkLogs_CL'
export const STREAM = `Custom-${TABLE}`

export interface TableColumn {
  readonly name: string
  readonly type: ColumnType
  readonly doc: string
}

/** The columns of the table in Log Analytics: those of rows, and the one that `azure_log_analytics` adds. */
export const TABLE_COLUMNS: readonly TableColumn[] = [
  ...COLUMNS,
  {
    name: 'FirstFlowTime',
    type: 'datetime',
    doc: 'Time of the first flow, also where Azure put the time of arrival into TimeGenerated',
  },
]
