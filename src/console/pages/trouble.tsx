/** @jsxImportSource preact */
import { Brand } from '../parts/brand.tsx'

export interface TroubleData {
  readonly title: string
  readonly detail: string
}

/** What there is in place of a page that cannot be had. */
export const TroublePage = ({ title, detail }: TroubleData) => (
  <main class="sheet">
    <Brand />
    <h1>{title}</h1>
    <p>{detail}</p>
    <p>
      <a href="/index.csp">To the front page</a>
    </p>
  </main>
)
