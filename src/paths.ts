/** Whether somebody typed the path of a file where a URL belongs. A text with a colon or an `@` may have a password in it. */
export const isPath = (text: string): boolean =>
  /^(\.{0,2}\/|~\/)[^\s:@]*$|^[^\s:@]+\.(db|sqlite3?)$/.test(text)
