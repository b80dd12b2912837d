import { setDefaultTimeout } from 'bun:test'
import { TEST_LIMIT_MS } from './limits.ts'

setDefaultTimeout(TEST_LIMIT_MS)
