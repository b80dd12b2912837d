import { type RedisServer, until } from './redis.ts'

/**
 * Returns the commands that clients send meanwhile, without those that scripts run, as `MONITOR` shows them.
 */
export async function sentDuring(
  { port, ask }: RedisServer,
  work: () => Promise<unknown>,
): Promise<string[]> {
  // Makes its connection before the monitor starts.
  await ask('PING')
  const monitor = Bun.spawn(['redis-cli', '-p', String(port), 'MONITOR'], {
    stdout: 'pipe',
    stderr: 'ignore',
  })
  let seen = ''
  const reading = (async () => {
    for await (const bytes of monitor.stdout) seen += new TextDecoder().decode(bytes)
  })()
  await until(async () => seen.startsWith('OK'))
  await work()
  await ask('ECHO', 'the end')
  await until(async () => seen.includes('the end'))
  monitor.kill()
  await reading
  const lines = seen.split('\n').filter((line) => / \[\d+ 127/.test(line) && !/"the end"/.test(line))
  return lines.map((line) => /"(\w+)"/.exec(line)?.[1] ?? '')
}
