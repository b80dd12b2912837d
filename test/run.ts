import { testCommand } from './command.ts'

/** `npm test`: format, lint, types and unused code at once, then all tests. Stops before the tests if one of the others fails. */
const CHECKS = ['lint', 'types', 'unused']

async function check(name: string): Promise<boolean> {
  const child = Bun.spawn(['npm', 'run', '--silent', name], { stdout: 'pipe', stderr: 'inherit' })
  const [text, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
  process.stdout.write(text)
  if (code !== 0) process.stdout.write(`npm run ${name} failed.\n`)
  return code === 0
}

const passed = await Promise.all(CHECKS.map(check))
process.exitCode = passed.includes(false)
  ? 1
  : await Bun.spawn(testCommand(), { stdout: 'inherit', stderr: 'inherit' }).exited
