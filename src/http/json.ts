import { API_HEADERS } from './headers.ts'

/** A `Headers`, since an answer gets a copy of it in half the time that an object takes. Nothing may change it. */
const JSON_HEADERS = new Headers({ 'Content-Type': 'application/json', ...API_HEADERS })

/** A JSON answer, 200. `more` are headers of this one. */
export const json = (value: unknown, more?: Readonly<Record<string, string>>): Response =>
  jsonResponse(JSON.stringify(value), more)

function jsonResponse(text: string, more: Readonly<Record<string, string>> = {}): Response {
  const response = new Response(text, { headers: JSON_HEADERS })
  for (const name in more) response.headers.set(name, more[name] as string)
  return response
}

/** Attributes as an answer. */
export const attributesJson = (attributes: ReadonlyMap<string, string>, etag: string): Response =>
  jsonResponse(attributesText(attributes), { ETag: etag })

/** Attributes as a JSON object, in the order of their keys. Not from a JavaScript object, which has an order and keys of its own. */
export function attributesText(attributes: ReadonlyMap<string, string>): string {
  const sorted = attributes.size > 1 ? [...attributes].sort(([a], [b]) => (a < b ? -1 : 1)) : attributes
  let text = '{'
  for (const [key, value] of sorted) {
    if (text.length > 1) text += ','
    text += `${JSON.stringify(key)}:${JSON.stringify(value)}`
  }
  return `${text}}`
}
