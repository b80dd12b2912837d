/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'

export interface Column<T> {
  readonly name: string
  readonly cell: (row: T) => ComponentChildren
  /** Selects the style of its cells. */
  readonly kind?: string
}

interface TableProps<T> {
  readonly label: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  keyOf(row: T, i: number): string
}

/** A table; on a narrow screen each row is a card. A column without a name is for buttons. */
export const Table = <T,>({ label, columns, rows, keyOf }: TableProps<T>) => (
  <table aria-label={label}>
    <thead>
      <tr>
        {columns.map(({ name }) =>
          name === '' ? (
            <td key={name} />
          ) : (
            <th key={name} scope="col">
              {name}
            </th>
          ),
        )}
      </tr>
    </thead>
    <tbody>
      {rows.map((row, i) => (
        <tr key={keyOf(row, i)}>
          {columns.map(({ name, cell, kind }) => (
            <td key={name} class={kind} data-label={name === '' ? undefined : name}>
              {cell(row)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  </table>
)
