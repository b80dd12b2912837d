import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Daemon, startDaemon } from './daemon.ts'
import { freePort } from './port.ts'

interface Place {
  readonly folder: string
  /** Where the proxy listens. */
  readonly port: number
  /** Where the server is. */
  readonly server: number
}

interface Recipe {
  readonly command: (file: string) => readonly [string, ...string[]]
  /** Compresses everything it can, including events, with the proxy's own defaults otherwise. */
  readonly configuration: (place: Place) => string
}

const nginx: Recipe = {
  command: (file) => ['nginx', '-e', 'stderr', '-c', file],
  configuration: ({ folder, port, server }) => `
    daemon off; master_process off; pid ${folder}/pid; error_log stderr;
    events {}
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${folder}/${of};`).join(' ')}
      gzip on; gzip_proxied any; gzip_types application/json text/event-stream;
      server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${server}; } }
    }`,
}

const haproxy: Recipe = {
  command: (file) => ['haproxy', '-db', '-f', file],
  configuration: ({ port, server }) => `
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
listen all
  bind 127.0.0.1:${port}
  compression algo gzip
  compression type application/json text/html text/event-stream
  server one 127.0.0.1:${server}
`,
}

const apache: Recipe = {
  command: (file) => ['apache2', '-X', '-f', file],
  configuration: ({ folder, port, server }) => `
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
Listen 127.0.0.1:${port}
User nobody
ErrorLog ${folder}/log
${['mpm_event', 'authz_core', 'filter', 'deflate', 'proxy', 'proxy_http'].map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
AddOutputFilterByType DEFLATE application/json text/html text/event-stream
ProxyPass / http://127.0.0.1:${server}/ flushpackets=on
`,
}

const caddy: Recipe = {
  command: (file) => ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'],
  configuration: ({ port, server }) => `
{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  encode zstd gzip
  reverse_proxy 127.0.0.1:${server}
}
`,
}

/** Proxies that compress responses, by the names of their programs. */
export const compressing = { nginx, haproxy, apache2: apache, caddy } as const

/** Starts a proxy that compresses in front of a server. */
export function startCompressing(name: keyof typeof compressing, server: number): Promise<Daemon> {
  const recipe = compressing[name]
  const folder = mkdtempSync(join(tmpdir(), `cloakroom-${name}-`))
  const file = join(folder, 'configuration')
  const port = freePort()
  writeFileSync(file, recipe.configuration({ folder, port, server }))
  return startDaemon(recipe.command(file), { port, folder }, () =>
    rmSync(folder, { recursive: true, force: true }),
  )
}
