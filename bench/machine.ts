import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { versionOfPostgres } from './postgres.ts'

/**
 * Describes the machine and the versions of everything that takes part, without anything that identifies this
 * machine.
 */
export async function describeMachine(): Promise<readonly (readonly [string, string])[]> {
  const manifest = JSON.parse(readFileSync(join(import.meta.dir, 'contenders/package.json'), 'utf8')) as {
    readonly dependencies: Record<string, string>
    readonly optionalDependencies: Record<string, string>
  }
  const packages = Object.entries(manifest.dependencies).map(([name, version]) => `${name} ${version}`)
  const node = manifest.optionalDependencies[`node-linux-${process.arch}`] ?? 'none'
  return [
    ['Date', new Date().toISOString().slice(0, 10)],
    [
      'Machine',
      `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    ],
    ['Kernel', `Linux ${/^[\d.]+/.exec(release())?.[0]}`],
    ['Runtime of Cloakroom and of the floor', `Bun ${Bun.version}`],
    ['Runtime of the contenders in JavaScript', `Node ${node}`],
    ['Their packages', packages.join(', ')],
    ['Redis', versionIn(['redis-server', '--version'], /v=([\d.]+)/)],
    ['PostgreSQL', versionOfPostgres()],
    ['Webdis', versionIn(['dpkg-query', '-W', 'webdis'], /\t(\S+)/)],
    ['wrk', versionIn(['dpkg-query', '-W', 'wrk'], /\t(\S+)/)],
  ]
}

function versionIn(command: readonly string[], pattern: RegExp): string {
  if (Bun.which(command[0] ?? '') === null) return 'none'
  const { stdout } = Bun.spawnSync([...command], { stderr: 'ignore' })
  return pattern.exec(stdout.toString())?.[1] ?? 'none'
}
