import { expect, test } from 'bun:test'
import type { StoreFault } from '../../src/errors.ts'
import { Writer } from '../../src/store/sqlite/writer.ts'
import { errorOf, givenFolder } from './file.ts'

/** A thread that is ready on a new file, its writer, and the faults with which it was said to be lost. */
async function givenWriter(path: string) {
  const thread = new Worker(new URL('../../src/store/sqlite/thread.ts', import.meta.url))
  await new Promise((ready) => {
    thread.onmessage = ready
    thread.postMessage({ path, alone: true })
  })
  const lost: StoreFault[] = []
  const writer = new Writer(thread, {
    beginWriting() {},
    committed() {},
    endWriting() {},
    missing: () => null,
    lost: (fault) => void lost.push(fault),
  })
  // After the writer's own listener, so that it has heard of it by then.
  const ended = new Promise((done) => thread.addEventListener('close', done))
  return { thread, writer, lost, ended }
}

const losses: Readonly<Record<string, (thread: Worker) => unknown>> = {
  'was terminated': (thread) => thread.terminate(),
  'died of a fault': (thread) => thread.postMessage('no batch of writes'),
}

for (const [how, lose] of Object.entries(losses)) {
  test(`a thread that ${how} is said to be lost once, and no write waits for it`, async () => {
    using folder = givenFolder()
    const { thread, writer, lost, ended } = await givenWriter(folder.at('s.db'))
    expect(await writer.ask('readSecret', 'name', 'value')).toBe('value')
    lose(thread)
    const underway = errorOf(() => writer.ask('readSecret', 'name', ''))
    await ended
    expect(await underway).toHaveProperty('code', 'store_unavailable')
    expect(await errorOf(() => writer.ask('readSecret', 'name', ''))).toHaveProperty(
      'code',
      'store_unavailable',
    )
    expect(lost.map(({ code }) => code)).toEqual(['store_unavailable'])
    await writer.close()
  })
}

test('a thread that was closed is not lost', async () => {
  using folder = givenFolder()
  const { writer, lost, ended } = await givenWriter(folder.at('s.db'))
  const written = writer.ask('readSecret', 'name', 'value')
  await writer.close()
  await ended
  expect(await written).toBe('value')
  expect(lost).toEqual([])
})
