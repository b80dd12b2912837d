import { openMemoryStore } from '../../../src/store/memory.ts'
import type { NodeReport } from '../../../src/store/store.ts'
import { type Fault, later } from './fault.ts'

export const reportFaults: Record<string, Fault> = {
  'a node tells nobody but itself': () => {
    const { noteNode, listNodes } = openMemoryStore()
    return { noteNode, listNodes }
  },
  'what a node said first stays': (good) => ({
    async noteNode(report, now) {
      const known = (await good.listNodes(now)).find(({ name }) => name === report.name)
      await good.noteNode(known ?? report, now)
    },
  }),
  'a node that speaks is all that there is': (good) => ({
    listNodes: async (now) => (await good.listNodes(now)).slice(-1),
  }),
  'a node is listed a millisecond too long': (good) => ({
    listNodes: (now) => good.listNodes(now - 1),
  }),
  'nodes that ended are kept': () => keeping(() => true),
  'nodes that end within a millisecond are forgotten': () => keeping(({ endsAt }, now) => now + 1 < endsAt),
  'what nodes say is cut at 2,000 characters': (good) => ({
    noteNode: (report, now) => good.noteNode({ ...report, text: report.text.slice(0, 2_000) }, now),
  }),
  'of nodes that speak at once the last alone is heard': (good) => {
    let last: NodeReport | null = null
    return {
      async noteNode(report, now) {
        last = report
        await later()
        await good.noteNode(last, now)
      },
    }
  },
  'it takes the same, whatever is kept': () => ({ measureBytes: async () => 4_096 }),
  'it is not known at first what it takes': () => {
    let asked = 0
    return { measureBytes: async () => (asked++ === 0 ? null : 4_096) }
  },
}

/** What both nodes see, each with this fault: what is kept is what `stays` when one speaks. */
const kept = new Map<string, NodeReport>()
function keeping(stays: (report: NodeReport, now: number) => boolean) {
  return {
    async noteNode(report: NodeReport, now: number) {
      for (const [name, each] of kept) if (!stays(each, now)) kept.delete(name)
      kept.set(report.name, report)
    },
    listNodes: async (now: number) => [...kept.values()].filter(({ endsAt }) => now < endsAt),
  }
}
