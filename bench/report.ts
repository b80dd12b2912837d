import type { Answer, Goal, Size } from './bench.ts'
import { CONNECTIONS } from './load.ts'
import { describeMachine } from './machine.ts'
import { count } from './words.ts'

/** Returns the results as a page. `command` is the command line that produced them. */
export async function reportOf(answers: readonly Answer[], size: Size, command: string): Promise<string> {
  const goals = answers.flatMap((answer) => answer.goals)
  const started = [...new Set(answers.flatMap((answer) => answer.started))]
  const hasBars = answers.some(({ bars }) => bars !== null)
  return [
    '# Results',
    `Made by \`${command}\`; [README.md](README.md) says how. CPU is that of all processes of a contender together; ratios are taken ` +
      `round by round, of which there were ${size.rounds}, ${size.seconds} s each, after ${size.warmUps} to warm up: the median, and the least to the most. ` +
      `${CONNECTIONS} connections, ${count(size.sessions)} sessions where nothing else is said.`,
    tableOf(['', ''], await describeMachine()),
    ...(goals.length === 0
      ? []
      : ['## Goals', tableOf(['question', 'goal', 'measured', ''], goals.map(rowOf))]),
    ...(hasBars ? ['![CPU time per request, as bars](results.svg)'] : []),
    ...answers.flatMap(({ title, how, columns, rows }) => [
      `## ${title}`,
      how,
      ...(rows.length === 0 ? [] : [tableOf(columns, rows)]),
    ]),
    '## Commands',
    'Each contender was started as',
    [`- \`${command}\``, ...started.map((each) => `- ${each}`)].join('\n'),
    `and loaded by \`wrk -t1 -c${CONNECTIONS} -d${size.seconds}s --timeout 20s -s bench/load.lua http://127.0.0.1:PORT -- RECORDS COUNT WIDTHS REQUEST SEED PAUSE\`.`,
    '',
  ]
    .join('\n\n')
    .trimEnd()
    .concat('\n')
}

function rowOf({ question, goal, measured, limit, shown }: Goal): readonly string[] {
  const met = measured <= limit ? 'met' : `**not met**, by ${Math.round((measured / limit - 1) * 100)} %`
  return [question, goal, shown, met]
}

const tableOf = (columns: readonly string[], rows: readonly (readonly string[])[]): string =>
  [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
