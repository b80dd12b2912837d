import { openMemoryStore } from '../../src/store/memory.ts'
import { keepsLaws } from './keepsLaws.ts'

keepsLaws('memory', async () => {
  const store = openMemoryStore()
  return { store, other: store }
})
