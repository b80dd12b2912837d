/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import type { Problem } from '../../client/cloakroom.js'
import { problemFrom } from './attempt.ts'
import { Trouble } from './trouble.tsx'

/** What failed on this page without anybody expecting it, or null. */
export function useFailure(): Problem | null {
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    const failed = ({ error }: ErrorEvent) => {
      // Of what is no error, such as a browser's note on sizes, there is nothing to say.
      if (error instanceof Error) setProblem(problemFrom(error))
    }
    const rejected = ({ reason }: PromiseRejectionEvent) => setProblem(problemFrom(reason))
    addEventListener('error', failed)
    addEventListener('unhandledrejection', rejected)
    return () => {
      removeEventListener('error', failed)
      removeEventListener('unhandledrejection', rejected)
    }
  }, [])
  return problem
}

/** Draws what is in it, or, if that fails, says so. */
export function Guarded({ children }: { readonly children: ComponentChildren }) {
  const [error] = useErrorBoundary()
  return error === undefined ? children : <Trouble problem={problemFrom(error)} />
}
