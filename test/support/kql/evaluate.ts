import { AGGREGATES, calculated, compared, SCALARS, TIMESPANS, type Value } from './functions.ts'
import { bound, type KustoList, listOf, type Schema, type SyntaxNode } from './workspace.ts'

export type KqlRow = { readonly [column: string]: Value }
export type KqlTables = { readonly [table: string]: readonly KqlRow[] }

/**
 * Runs a query over rows: the words of KQL that the queries of this project use, and an error for all others. So a test
 * can ask the very text that goes to Log Analytics.
 */
export function evaluate(query: string, schema: Schema, tables: KqlTables): KqlRow[] {
  return new Evaluation(schema, tables).query(bound(query, schema))
}

interface Scope {
  readonly row: KqlRow
  /** The rows that an aggregate speaks of; absent outside of `summarize`. */
  readonly group?: readonly KqlRow[]
}

class Evaluation {
  readonly #schema: Schema
  readonly #tables: KqlTables
  readonly #lets = new Map<string, Value | readonly KqlRow[]>()

  constructor(schema: Schema, tables: KqlTables) {
    this.#schema = schema
    this.#tables = tables
  }

  query(block: SyntaxNode): KqlRow[] {
    let result: KqlRow[] = []
    for (const statement of elements(block.Statements)) {
      const expression = statement.Expression as SyntaxNode
      if (kindOf(statement) === 'ExpressionStatement') result = this.#rows(expression)
      else this.#lets.set(nameOf(statement), this.#let(expression))
    }
    return result
  }

  #let(expression: SyntaxNode): Value | readonly KqlRow[] {
    const isTabular = 'Columns' in (expression.ResultType as object)
    return isTabular ? this.#rows(expression) : this.#value(expression, { row: {} })
  }

  #rows(node: SyntaxNode): KqlRow[] {
    switch (kindOf(node)) {
      case 'PipeExpression':
        return this.#piped(this.#rows(node.Expression as SyntaxNode), node.Operator as SyntaxNode)
      case 'ParenthesizedExpression':
        return this.#rows(node.Expression as SyntaxNode)
      case 'NameReference':
        return this.#named(nameOf(node))
      case 'UnionOperator':
        return elements(node.Expressions).flatMap((leg) => this.#rows(leg))
      case 'FunctionCallExpression': {
        // table("T") is the table, whatever functions there are.
        const [name] = elements((node.ArgumentList as SyntaxNode).Expressions)
        return [...this.#tables[String(this.#value(name, { row: {} }))]]
      }
      default:
        return unknown(node)
    }
  }

  /** A function hides a table of its name. Source: Kusto documentation, "Tables". */
  #named(name: string): KqlRow[] {
    const bound = this.#lets.get(name)
    if (bound !== undefined) return bound as KqlRow[]
    const body = this.#schema.functions?.[name]
    if (body !== undefined) return evaluate(body, this.#schema, this.#tables)
    return [...this.#tables[name]]
  }

  #piped(rows: KqlRow[], operator: SyntaxNode): KqlRow[] {
    switch (kindOf(operator)) {
      case 'FilterOperator':
        return rows.filter((row) => this.#value(operator.Condition as SyntaxNode, { row }) === true)
      case 'ExtendOperator':
        return rows.map((row) => ({ ...row, ...this.#columns(operator.Expressions, { row }) }))
      case 'ProjectOperator':
        return rows.map((row) => this.#columns(operator.Expressions, { row }))
      case 'ProjectAwayOperator': {
        const away = new Set(elements(operator.Expressions).map(nameOf))
        return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !away.has(name))))
      }
      case 'SummarizeOperator':
        return this.#summarized(rows, operator)
      case 'LookupOperator':
        return this.#lookedUp(rows, operator)
      case 'SortOperator':
        return this.#sorted(rows, elements(operator.Expressions))
      case 'TopOperator':
        return this.#sorted(rows, [operator.ByExpression as SyntaxNode]).slice(0, this.#number(operator))
      case 'TakeOperator':
        return rows.slice(0, this.#number(operator))
      case 'RenderOperator':
        return rows
      default:
        return unknown(operator)
    }
  }

  #summarized(rows: readonly KqlRow[], { Aggregates, ByClause }: SyntaxNode): KqlRow[] {
    const by = ByClause ? (ByClause as SyntaxNode).Expressions : null
    const groups = Map.groupBy(
      rows.map((row) => ({ row, key: by === null ? {} : this.#columns(by, { row }) })),
      ({ key }) => JSON.stringify(key),
    )
    return [...groups.values()].map((members) => ({
      ...members[0].key,
      ...this.#columns(Aggregates, { row: {}, group: members.map(({ row }) => row) }),
    }))
  }

  /** Of the kind `leftouter`, by columns of one name. */
  #lookedUp(rows: readonly KqlRow[], { Expression, LookupClause }: SyntaxNode): KqlRow[] {
    const on = elements((LookupClause as SyntaxNode).Expressions).map(nameOf)
    const key = (row: KqlRow) => JSON.stringify(on.map((name) => row[name]))
    const right = new Map(this.#rows(Expression as SyntaxNode).map((row) => [key(row), row]))
    const columns = listOf(
      ((Expression as SyntaxNode).ResultType as { Columns: KustoList<{ Name: string }> }).Columns,
    )
    const nothing = Object.fromEntries(columns.map(({ Name }) => [Name, null]))
    return rows.map((row) => ({ ...nothing, ...right.get(key(row)), ...row }))
  }

  #sorted(rows: readonly KqlRow[], by: readonly SyntaxNode[]): KqlRow[] {
    const orders = by.map((order) => {
      const ordering = order.Ordering as SyntaxNode | undefined
      const word = (ordering?.AscOrDescKeyword as SyntaxNode | undefined)?.Text
      return { expression: (order.Expression ?? order) as SyntaxNode, sign: word === 'asc' ? 1 : -1 }
    })
    return rows.toSorted((a, b) => {
      for (const { expression, sign } of orders) {
        const [left, right] = [a, b].map((row) => this.#value(expression, { row }))
        // Null comes before everything else.
        if (left === right) continue
        if (left === null || (right !== null && left < right)) return -sign
        return sign
      }
      return 0
    })
  }

  #number({ Expression }: SyntaxNode): number {
    return Number(this.#value(Expression as SyntaxNode, { row: {} }))
  }

  #columns(expressions: unknown, scope: Scope): KqlRow {
    return Object.fromEntries(
      elements(expressions).map((column) => {
        const expression = kindOf(column) === 'SimpleNamedExpression' ? column.Expression : column
        return [columnName(column), this.#value(expression as SyntaxNode, scope)]
      }),
    )
  }

  #value(node: SyntaxNode, scope: Scope): Value {
    switch (kindOf(node)) {
      case 'LiteralExpression':
        return literal(node)
      case 'NameReference': {
        const name = nameOf(node)
        return name in scope.row ? scope.row[name] : (this.#lets.get(name) as Value)
      }
      case 'ParenthesizedExpression':
        return this.#value(node.Expression as SyntaxNode, scope)
      case 'PathExpression':
        return member(this.#value(node.Expression as SyntaxNode, scope), nameOf(node.Selector as SyntaxNode))
      case 'ElementExpression': {
        const index = this.#value((node.Selector as SyntaxNode).Expression as SyntaxNode, scope)
        return member(this.#value(node.Expression as SyntaxNode, scope), index as number)
      }
      case 'BinaryExpression':
        return this.#binary(node, scope)
      case 'InExpression': {
        const left = this.#value(node.Left as SyntaxNode, scope)
        const right = elements((node.Right as SyntaxNode).Expressions)
        const isIn = right.some((one) => this.#value(one, scope) === left)
        return isIn === ((node.Operator as SyntaxNode).Text === 'in')
      }
      case 'BetweenExpression': {
        const { First, Second } = node.Right as SyntaxNode
        const [value, from, to] = [node.Left, First, Second].map((one) =>
          this.#value(one as SyntaxNode, scope),
        )
        return compared('>=', value, from) === true && compared('<=', value, to) === true
      }
      case 'FunctionCallExpression':
        return this.#called(node, scope)
      default:
        return unknown(node)
    }
  }

  #binary(node: SyntaxNode, scope: Scope): Value {
    const operator = (node.Operator as SyntaxNode).Text as string
    const left = this.#value(node.Left as SyntaxNode, scope)
    const right = this.#value(node.Right as SyntaxNode, scope)
    if (operator === 'and') return left === true && right === true
    if (operator === 'or') return left === true || right === true
    if (!/^[-+*/]$/.test(operator)) return compared(operator, left, right)
    return calculated(operator, left, right, /^(int|long)$/.test(typeName(node)))
  }

  #called(node: SyntaxNode, scope: Scope): Value {
    const name = nameOf(node)
    const args = elements((node.ArgumentList as SyntaxNode).Expressions)
    const aggregate = scope.group && AGGREGATES[name]
    if (aggregate) {
      const over = (arg: SyntaxNode | undefined) =>
        arg === undefined ? [] : scope.group!.map((row) => this.#value(arg, { row }))
      return aggregate(over(args[0]), over(args[1]), scope.group!.length)
    }
    if (SCALARS[name] === undefined) throw new Error(`this evaluator does not know the function ${name}`)
    return SCALARS[name](...args.map((arg) => this.#value(arg, scope)))
  }
}

/** The name of a node's class: `FilterOperator`. */
function kindOf(node: SyntaxNode): string {
  const { $$name } = node.constructor as unknown as { readonly $$name: string }
  return $$name.slice($$name.lastIndexOf('.') + 1)
}

/** The name that a column, a call or a reference has; a path is called after its end. */
function nameOf(node: SyntaxNode): string {
  switch (kindOf(node)) {
    case 'NameReference':
    case 'NameDeclaration':
      return node.SimpleName as string
    case 'PathExpression':
      return nameOf(node.Selector as SyntaxNode)
    default:
      return nameOf(node.Name as SyntaxNode)
  }
}

/** The column that an expression makes; `bin(Time, 5m)` is called after what it rounds. */
function columnName(node: SyntaxNode): string {
  if (kindOf(node) !== 'FunctionCallExpression') return nameOf(node)
  if (nameOf(node) !== 'bin') throw new Error(`give the column with ${nameOf(node)}() a name`)
  return nameOf(elements((node.ArgumentList as SyntaxNode).Expressions)[0])
}

/** Of a list with commas. */
function elements(list: unknown): SyntaxNode[] {
  return listOf(list as KustoList<SyntaxNode>).map((separated) => separated.Element$1 as SyntaxNode)
}

function typeName(node: SyntaxNode): string {
  return (node.ResultType as { readonly Name: string }).Name
}

function literal(node: SyntaxNode): Value {
  const text = (node.Token as SyntaxNode).Text as string
  switch (typeName(node)) {
    case 'string':
      return node.LiteralValue as string
    case 'bool':
      return text === 'true'
    case 'timespan': {
      const [, number, unit] = /^(\d+)([a-z]+)$/.exec(text)!
      return Number(number) * TIMESPANS[unit]
    }
    case 'datetime':
      return Date.parse(/\((.*)\)/.exec(text)![1])
    default:
      return Number(text)
  }
}

function member(value: Value, key: string | number): Value {
  if (value === null || typeof value !== 'object') return null
  return (value as { readonly [key: string]: Value })[key] ?? null
}

function unknown(node: SyntaxNode): never {
  throw new Error(`this evaluator does not know ${kindOf(node)}`)
}
