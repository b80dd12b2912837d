import type { NodeReport, Store } from './store.ts'

/** What nodes say of themselves, in memory: for stores that there can be but one server on, which has no other to tell. */
export function newNodeReports(): Pick<Store, 'noteNode' | 'listNodes'> {
  const reports = new Map<string, NodeReport>()
  return {
    async noteNode(report, now) {
      for (const [name, { endsAt }] of reports) if (endsAt <= now) reports.delete(name)
      reports.set(report.name, report)
    },

    async listNodes(now) {
      return [...reports.values()].filter(({ endsAt }) => now < endsAt)
    },
  }
}
