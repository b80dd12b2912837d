/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import type { Problem } from '../../client/cloakroom.js'
import { problemFrom } from './attempt.ts'
import { Trouble } from './trouble.tsx'

/** Returns an unexpected failure on this page, or null. */
export function useFailure(): Problem | null {
  const [problem, setProblem] = useState<Problem | null>(null)
  useEffect(() => {
    const failed = ({ error }: ErrorEvent) => {
      // A browser's note, such as one about sizes, is no error and is ignored.
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

/** Renders its children or, if that fails, an error message. */
export function Guarded({ children }: { readonly children: ComponentChildren }) {
  const [error] = useErrorBoundary()
  return error === undefined ? children : <Trouble problem={problemFrom(error)} />
}
