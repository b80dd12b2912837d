import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blocksOf } from '../docs/markdown.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './port.ts'

/** The header in which nginx names the node that answered, as `host:port`; several if it asked several. */
export const ANSWERED_BY = 'x-answered-by'

/** The address from which nginx connects to the nodes. No client has it. */
export const PROXY_ADDRESS = '127.0.0.2'

/** Makes several nodes, given by port, look like one, with the guide's configuration. */
export function startNginx(ports: readonly number[]): Promise<Daemon> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-nginx-'))
  const file = join(folder, 'nginx.conf')
  const port = freePort()
  writeFileSync(file, configurationOf(folder, port, ports))
  return startDaemon(['nginx', '-e', 'stderr', '-p', folder, '-c', file], { port, folder }, () =>
    rmSync(folder, { recursive: true, force: true }),
  )
}

/** Returns the guide's configuration for several nodes, adapted to run here. */
function configurationOf(folder: string, port: number, ports: readonly number[]): string {
  const block = blocksOf('docs/operating.md').find(
    ({ language, content }) => language === 'nginx' && content.includes('zone '),
  )
  if (block === undefined) throw new Error('The guide has no configuration for several nodes.')
  const server = /^ *server \S+:8080(.*;)\n/m
  const [, settings = ''] = server.exec(block.content) ?? []
  const adapted = block.content
    .replace(server, ports.map((each) => `server 127.0.0.1:${each}${settings}\n`).join(''))
    .replace(new RegExp(server, 'gm'), '')
    .replace(/^ *ssl_certificate(_key)? .*;\n/gm, '')
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port};`)
    // The tests' clients name their own proxies, which the guide's nginx would not allow.
    .replace('X-Forwarded-For $remote_addr;', 'X-Forwarded-For $proxy_add_x_forwarded_for;')
  return `
    daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events { worker_connections 4096; }
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`).join(' ')}
      # How much a body may be is for the nodes to say.
      client_max_body_size 0;
      proxy_bind ${PROXY_ADDRESS};
      add_header ${ANSWERED_BY} $upstream_addr always;
      ${adapted}
    }`
}
