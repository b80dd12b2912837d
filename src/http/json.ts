/** What every answer of the API says besides its type: it is nobody else's, and is never taken for another type. */
export const API_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

/** A JSON answer, 200. `more` are headers of this one. */
export const json = (value: unknown, more?: Readonly<Record<string, string>>): Response =>
  jsonResponse(JSON.stringify(value), more)

const JSON_HEADERS = { 'Content-Type': 'application/json', ...API_HEADERS }

const jsonResponse = (text: string, more?: Readonly<Record<string, string>>): Response =>
  new Response(text, { headers: more === undefined ? JSON_HEADERS : { ...JSON_HEADERS, ...more } })

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
