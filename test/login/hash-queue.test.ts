import { expect, test } from 'bun:test'
import { HashQueue, type Party } from '../../src/login/hash-queue.ts'

const stranger = (name: string): Party => ({ isKnown: false, name })
const known = (name: string): Party => ({ isKnown: true, name })

/** A queue whose work ends when somebody says so. */
function openQueue(atOnce = 1) {
  const queue = new HashQueue(atOnce)
  /** What has begun, in order, and the codes of what was refused. */
  const begun: string[] = []
  const refused: string[] = []
  const ends: (() => void)[] = []
  const ask = (party: Party, label = party.name) => {
    void queue
      .run(party, () => {
        begun.push(label)
        return new Promise<void>((resolve) => void ends.push(resolve))
      })
      .catch((error: { code: string }) => void refused.push(`${label} ${error.code}`))
  }
  const settle = async () => {
    for (let i = 0; i < 10; i++) await Promise.resolve()
  }
  return {
    queue,
    begun,
    refused,
    settle,
    ask: (party: Party, count = 1) => {
      for (let i = 0; i < count; i++) ask(party)
    },
    /** Ends what runs, so many times. */
    async end(count: number) {
      for (let i = 0; i < count; i++) {
        await settle()
        ends.shift()?.()
      }
      await settle()
    },
  }
}

test('as much runs at once as may, and no more', async () => {
  const { ask, begun, queue, end, settle } = openQueue(3)
  ask(stranger('a'), 10)
  await settle()
  expect([begun.length, queue.waiting]).toEqual([3, 7])
  await end(4)
  expect([begun.length, queue.waiting]).toEqual([7, 3])
  await end(20)
  expect([begun.length, queue.waiting]).toEqual([10, 0])
  ask(stranger('a'), 4)
  await settle()
  expect([begun.length, queue.waiting]).toEqual([13, 1])
})

test('parties take turns: who comes last waits for one of each other, however many they are', async () => {
  const { ask, begun, end } = openQueue()
  ask(stranger('flood'), 200)
  ask(stranger('b'), 2)
  ask(stranger('c'))
  await end(5)
  expect(begun).toEqual(['flood', 'flood', 'b', 'c', 'flood', 'b'])
})

test('a flood of one party takes all places while nobody else wants them, and gives them up to others', async () => {
  const { ask, begun, refused, queue, end, settle } = openQueue()
  ask(stranger('flood'), 300)
  await settle()
  expect([queue.waiting, refused.length]).toEqual([256, 43])
  for (let i = 0; i < 100; i++) ask(stranger(`other ${i}`))
  await settle()
  expect([queue.waiting, refused.length]).toEqual([256, 143])
  expect(new Set(refused)).toEqual(new Set(['flood busy']))
  await end(102)
  expect(begun.filter((name) => name !== 'flood')).toHaveLength(100)
})

test('two floods end up with as many places each', async () => {
  const { ask, begun, queue, end, settle } = openQueue()
  ask(stranger('a'), 300)
  ask(stranger('b'), 300)
  await settle()
  expect(queue.waiting).toBe(256)
  await end(256)
  expect(begun.filter((name) => name === 'b')).toHaveLength(128)
})

test('a party that has its share already is refused where all places are taken', async () => {
  const { ask, refused, settle } = openQueue()
  for (let i = 0; i < 257; i++) ask(stranger(`${i}`))
  ask(stranger('late'))
  ask(stranger('7'))
  await settle()
  expect(refused).toEqual(['late busy', '7 busy'])
})

test('the known have places of their own, and every second turn', async () => {
  const { ask, begun, refused, queue, end, settle } = openQueue()
  for (let i = 0; i < 300; i++) ask(stranger(`${i}`))
  ask(known('alice'), 3)
  await settle()
  expect([queue.waiting, refused.length]).toEqual([259, 43])
  await end(6)
  expect(begun).toEqual(['0', 'alice', '1', 'alice', '2', 'alice', '3'])
})

test('a user with a device cookie takes no place of other known users', async () => {
  const { ask, begun, refused, end, settle } = openQueue()
  ask(known('mallory'), 300)
  ask(known('alice'))
  await settle()
  expect(new Set(refused)).toEqual(new Set(['mallory busy']))
  await end(2)
  expect(begun).toEqual(['mallory', 'mallory', 'alice'])
})

test('work that fails makes room for the next', async () => {
  const queue = new HashQueue(1)
  const failing = queue.run(stranger('a'), () => Promise.reject(new Error('lost')))
  const next = queue.run(stranger('a'), async () => 'done')
  expect(await failing.catch((error: Error) => error.message)).toBe('lost')
  expect(await next).toBe('done')
  expect(queue.waiting).toBe(0)
})
