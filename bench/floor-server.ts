/**
 * The least that a response costs on this runtime: `Bun.serve` with one constant response, which the
 * environment contains, including headers.
 */
const { headers, body } = JSON.parse(process.env['ANSWER'] ?? '') as {
  readonly headers: Record<string, string>
  readonly body: string
}

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: () => new Response(body, { headers }),
})
process.stdout.write(`port ${server.port}\n`)
