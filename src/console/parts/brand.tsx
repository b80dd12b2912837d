/** @jsxImportSource preact */
/** The product's name and its icon, a cloakroom tag. */
export const Brand = () => (
  <a class="brand" href="/index.csp">
    <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path d="M8 2h8a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3V5a3 3 0 0 1 3-3Zm4 3a1.75 1.75 0 1 0 0 3.5A1.75 1.75 0 0 0 12 5Z" />
      <path class="mark" d="M9 12.5h6M9 16h4" />
    </svg>
    Cloakroom
  </a>
)
