import { test } from 'bun:test'
import { openMemoryStore } from '../../src/store/memory.ts'
import { givenFolder, openAlone } from './file.ts'
import { answersAsModel } from './model.ts'

test('a store in memory answers any sequence of steps as the model does', async () => {
  await answersAsModel(openMemoryStore, 300)
})

test('a store in SQLite answers any sequence of steps as the model does', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  await answersAsModel(() => store, 60)
  await store.close()
})
