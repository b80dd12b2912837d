/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useCallback, useState } from 'preact/hooks'
import { Problem } from '../../client/cloakroom.js'
import { useSurroundings } from '../context.ts'
import type { Act } from './attempt.ts'
import { Dialog } from './dialog.tsx'
import { PasswordField } from './password-field.tsx'
import { Submit } from './submit.tsx'
import { Trouble } from './trouble.tsx'

interface Question {
  /** Why the last password was refused, or null: this is the first try. */
  readonly problem: Problem | null
  /** Null: the user cancels. */
  answer(password: string | null): void
}

/**
 * Runs acts that may need the user's own password: `act` is called without it, then again with what the user
 * types while the server requires it. Resolves with false if the user cancels. Also returns the dialog.
 */
export function useProving(): readonly [prove: (act: Act) => Promise<boolean>, dialog: ComponentChildren] {
  const [question, setQuestion] = useState<Question | null>(null)
  const prove = useCallback(async (act: Act) => {
    const ask = (problem: Problem | null) => {
      const { promise, resolve } = Promise.withResolvers<string | null>()
      setQuestion({ problem, answer: resolve })
      return promise
    }
    try {
      return await proven(act, ask, undefined)
    } finally {
      setQuestion(null)
    }
  }, [])
  return [prove, question !== null && <PasswordDialog question={question} />]
}

async function proven(
  act: Act,
  ask: (problem: Problem | null) => Promise<string | null>,
  password: string | undefined,
): Promise<boolean> {
  try {
    await act(password)
    return true
  } catch (error) {
    if (!isAbout(error, password)) throw error
    const answer = await ask(password === undefined ? null : error)
    return answer === null ? false : proven(act, ask, answer)
  }
}

/** Tells whether an error asks for the password, or for another one than was given. */
const isAbout = (error: unknown, password: string | undefined): error is Problem =>
  error instanceof Problem &&
  (error.code === 'password_needed' || (password !== undefined && error.code === 'wrong_password'))

function PasswordDialog({ question }: { readonly question: Question }) {
  const { me } = useSurroundings()
  const [password, setPassword] = useState('')
  const [answered, setAnswered] = useState<Question | null>(null)
  const submit = (event: Event) => {
    event.preventDefault()
    setAnswered(question)
    question.answer(password)
  }
  return (
    <Dialog title="Confirm that it is you" onClose={() => question.answer(null)}>
      <form onSubmit={submit}>
        <p>You logged in a while ago. Enter your own password to go on.</p>
        <PasswordField
          label="Your password"
          uname={me.uname}
          name="password"
          autocomplete="current-password"
          value={password}
          onValue={setPassword}
        />
        <Trouble problem={question.problem} />
        <p class="row end">
          <button type="button" class="plain" onClick={() => question.answer(null)}>
            Cancel
          </button>
          <Submit busy={answered === question}>Continue</Submit>
        </p>
      </form>
    </Dialog>
  )
}
