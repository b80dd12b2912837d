import { resolve } from 'node:path'
import type { Command } from 'commander'
import { SetupError } from '../errors.ts'
import { PATIENT, stepBack } from '../priority.ts'
import { backUpStore, shownStore } from '../store/open.ts'
import { addStoreFlags, settingsOf } from './settings.ts'
import { print, withSpinner } from './terminal.ts'

/** `cloakroom backup`: copies the store as it is at one instant. */
export function defineBackup(backup: Command): void {
  addStoreFlags(backup)
    .argument('<file>')
    .addHelpText('after', '\nExample:\n  $ cloakroom backup "/backup/cloakroom-$(date +%F).db"')
    .action(async (file: string, _: unknown, command: Command) => {
      const { store } = settingsOf(command)
      if (file === '') throw new SetupError('The name of the file is empty. Say where the backup goes.')
      // Before any thread is created, since threads inherit the priority.
      stepBack(PATIENT)
      await withSpinner('Backing up', () => inThread({ store, file: resolve(file) }))
      print(`${file} is a copy of ${shownStore(store)}.`)
    })
}

/** The work blocks its thread, so it runs in a thread of its own and the spinner keeps turning. */
async function inThread(work: { store: string; file: string }): Promise<void> {
  const thread = new Worker(import.meta.url)
  const failed = await new Promise<string | null>((done) => {
    thread.onmessage = ({ data }: MessageEvent<string | null>) => done(data)
    thread.onerror = ({ message }) => done(message)
    thread.postMessage(work)
  })
  thread.terminate()
  if (failed !== null) throw new SetupError(failed)
}

declare const self: Worker

if (!Bun.isMainThread) {
  self.onmessage = ({ data }: MessageEvent<{ store: string; file: string }>) => {
    try {
      backUpStore(data.store, data.file)
      self.postMessage(null)
    } catch (error) {
      self.postMessage(error instanceof Error ? error.message : String(error))
    }
  }
}
