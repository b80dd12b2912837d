import { openConnection, type RawAnswer } from './old-connection.ts'

/** The first cookie of an answer, as programs cut it out. */
export const cookieOf = (answer: RawAnswer): string => answer.header('set-cookie')?.split(';')[0] ?? ''

/** The lines of a request as such a program writes them: no port in `Host`, and a `Connection` that is not quite the standard's. */
export const requestLines = (
  target: string,
  cookie: string | null,
  body: string | null = null,
  version = '1.1',
): string[] => [
  `${body === null ? 'GET' : 'POST'} ${target} HTTP/${version}`,
  'Host: 127.0.0.1',
  'Connection: keepalive',
  ...(cookie === null || cookie === '' ? [] : [`Cookie: ${cookie}`]),
  ...(body === null
    ? []
    : ['Content-Type: application/x-www-form-urlencoded', `Content-Length: ${body.length}`]),
]

/** A program that sends whatever cookie it was given, on one connection. */
export interface OldProgram extends Disposable {
  /** Whether it takes over the cookies of further answers, as a jar does, or keeps the first by hand. */
  keepsCookies: boolean
  cookie: string | null
  /** A GET, or with a body a POST of a form. */
  send(target: string, body?: string | null): Promise<RawAnswer>
}

export function openOldProgram(port: number): OldProgram {
  const connection = openConnection(port)
  const program: OldProgram = {
    keepsCookies: true,
    cookie: null,
    async send(target, body = null) {
      const answer = await connection.send(requestLines(target, program.cookie, body), body ?? '')
      const given = cookieOf(answer)
      if (given !== '' && program.keepsCookies) program.cookie = given
      return answer
    },
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  }
  return program
}
