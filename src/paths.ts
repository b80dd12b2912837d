/**
 * Tells whether a text is a file path where a URL belongs. A text with a colon or an `@` may contain a
 * password.
 */
export const isPath = (text: string): boolean =>
  /^(\.{0,2}\/|~\/)[^\s:@]*$|^[^\s:@]+\.(db|sqlite3?)$/.test(text)
