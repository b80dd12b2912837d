/** @jsxImportSource preact */
/** What went wrong, said at once to whoever listens; nothing if nothing did. */
export const Trouble = ({ text }: { readonly text: string | null | undefined }) =>
  text === null || text === undefined ? null : (
    <p class="bad" role="alert">
      {text}
    </p>
  )
