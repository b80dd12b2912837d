/**
 * Formats a table for people and for Markdown: the first row is the header, text is left-aligned, numbers
 * right-aligned.
 */
export function tableOf(rows: readonly (readonly (string | number)[])[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => String(row[column] ?? '').length))
  const widths = (rows[0] ?? []).map((_, column) => width(column))
  const isNumber = widths.map((_, column) => rows.slice(1).every((row) => typeof row[column] === 'number'))
  const lineOf = (row: readonly (string | number)[]) =>
    `| ${widths.map((each, i) => (isNumber[i] === true ? String(row[i]).padStart(each) : String(row[i]).padEnd(each))).join(' | ')} |`
  const rule = `|${widths.map((each, i) => (isNumber[i] === true ? `${'-'.repeat(each + 1)}:` : '-'.repeat(each + 2))).join('|')}|`
  const [head = [], ...rest] = rows
  return [lineOf(head), rule, ...rest.map(lineOf), ''].join('\n')
}
