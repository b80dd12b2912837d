import { type BadRequest, form, get, json } from './bad-request.ts'

const PUT = '/session/put'
const GET = '/session/get'
const DELETE = '/session/delete'

const bytes = (...values: readonly number[]) => Uint8Array.from(values)
/** `a=` and these bytes as they are. */
const rawValue = (...values: readonly number[]) => bytes(0x61, 0x3d, ...values)
const tooLarge = { status: 413 }

/** Values that are no text, in every place where one can stand. */
export const notText: readonly BadRequest[] = [
  ...['%', '%4', '%zz', '%4g', '%%', '%u0041', '%ff', '%80', '%c3', '%c3%28'].map((value) =>
    form(PUT, `a=${value}`, 'malformed_request'),
  ),
  // Overlong encodings of «/» and of NUL, half a surrogate pair, and code points beyond the last.
  ...['%c0%af', '%e0%80%af', '%c0%80', '%ed%a0%80', '%ed%bf%bf', '%f4%90%80%80', '%f5%80%80%80'].map(
    (value) => form(PUT, `a=${value}`, 'malformed_request'),
  ),
  form(PUT, '%zz=1', 'malformed_request'),
  form(PUT, '%ff=1', 'malformed_request'),
  form(PUT, 'good=1&bad=%zz', 'malformed_request'),
  form(PUT, rawValue(0xff), 'malformed_request'),
  form(PUT, rawValue(0xc3), 'malformed_request'),
  form(PUT, rawValue(0xc0, 0xaf), 'malformed_request'),
  form(PUT, rawValue(0xed, 0xa0, 0x80), 'malformed_request'),
  form(PUT, bytes(0xff, 0x3d, 0x61), 'malformed_request'),
  form(PUT, bytes(0xff, 0xfe, 0x61, 0x00, 0x3d, 0x00), 'malformed_request'),
  form(PUT, 'a=%00', 'invalid_value'),
  form(PUT, 'a=b%00c', 'invalid_value'),
  form(PUT, rawValue(0x62, 0x00), 'invalid_value'),
  form(PUT, '%00=a', 'invalid_key'),
  form(PUT, 'good=1&a%00=a', 'invalid_key'),
  form(PUT, '=a', 'invalid_key'),
  form(PUT, '=', 'invalid_key'),
  form(PUT, '', 'nothing_to_put'),
  form(PUT, '&&&', 'nothing_to_put'),
  form(PUT, 'CSRFToken=anything', 'reserved_attribute'),
  form(PUT, 'good=1&CSRFToken=', 'reserved_attribute'),
  form(PUT, 'CSRF%54oken=anything', 'reserved_attribute'),
  form(PUT, '@app=1', 'reserved_attribute'),
  form(PUT, 'good=1&%40=1', 'reserved_attribute'),
  json(PUT, '{"good":"1","\\u0040app":""}', 'reserved_attribute'),
  form(PUT, 'z_username=a&z_password=b&z_csrf_protection=off', 'nothing_to_put'),
  json(PUT, '{"z_password":"b"}', 'nothing_to_put'),
  get(PUT, 'nothing_to_put'),
  get(`${PUT}?`, 'nothing_to_put'),
  get(`${PUT}?a=%zz`, 'malformed_request'),
  get(`${PUT}?a=%ff`, 'malformed_request'),
  get(`${PUT}?a=%c0%af`, 'malformed_request'),
  get(`${PUT}?a=%ed%a0%80`, 'malformed_request'),
  get(`${PUT}?a=\xff`, 'malformed_request'),
  get(`${PUT}?\xc3=a`, 'malformed_request'),
  get(`${PUT}?a=%00`, 'invalid_value'),
  get(`${PUT}?=a`, 'invalid_key'),
  get(`${PUT}?CSRFToken=a`, 'reserved_attribute'),
  form(`${PUT}?bad=%zz`, 'good=1', 'malformed_request'),
  get(`${GET}?key=%zz`, 'malformed_request'),
  get(`${GET}?key=%ff`, 'malformed_request'),
  get(`${GET}?key=\xff`, 'malformed_request'),
  get(`${GET}?key=a%00`, 'invalid_key'),
  form(DELETE, 'key=%zz', 'malformed_request'),
  form(DELETE, 'key=kept&key=%00', 'invalid_key'),
]

/** JSON that is none, or is no object of strings. */
export const notStrings: readonly BadRequest[] = [
  ...['[]', '["a"]', '1', '"a"', 'null', 'true', ' '].map((body) => json(PUT, body, 'malformed_request')),
  ...['{"a":1}', '{"a":null}', '{"a":true}', '{"a":{}}', '{"a":["b"]}', '{"good":"1","a":0}'].map((body) =>
    json(PUT, body, 'malformed_request'),
  ),
  ...['{"a":"b",}', "{'a':'b'}", '{a:"b"}', '{"a":"b"}{"a":"c"}', '{"a":"b"', '{"a":NaN}', '// a\n{}'].map(
    (body) => json(PUT, body, 'malformed_request'),
  ),
  json(PUT, '{"a":"line\nbreak"}', 'malformed_request'),
  json(PUT, '{"a":"\\x41"}', 'malformed_request'),
  json(PUT, '\ufeff{"a":"b"}', 'malformed_request'),
  json(PUT, Buffer.from('{"a":"b"}', 'utf16le'), 'malformed_request'),
  json(PUT, bytes(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x22, 0x22, 0x7d), 'malformed_request'),
  json(PUT, '['.repeat(4_000), 'malformed_request'),
  json(PUT, `${'['.repeat(2_000)}${']'.repeat(2_000)}`, 'malformed_request'),
  json(PUT, `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`, 'malformed_request'),
  json(PUT, '{}', 'nothing_to_put'),
  json(PUT, '', 'nothing_to_put'),
  json(PUT, '{"a":"\\u0000"}', 'invalid_value'),
  json(PUT, '{"a":"\\ud800"}', 'invalid_value'),
  json(PUT, '{"a":"\\udc00\\ud800"}', 'invalid_value'),
  json(PUT, '{"\\u0000":"a"}', 'invalid_key'),
  json(PUT, '{"\\udfff":"a"}', 'invalid_key'),
  json(PUT, '{"":"a"}', 'invalid_key'),
  json(PUT, '{"CSRFToken":"a"}', 'reserved_attribute'),
  json(PUT, '{"good":"1","CSRF\\u0054oken":"a"}', 'reserved_attribute'),
  ...['{"key":1}', '{"key":null}', '{"key":{"a":"b"}}', '{"key":[1]}', '{"key":[["a"]]}', '{"key":[]}'].map(
    (body) => json(GET, body, 'malformed_request'),
  ),
  // An empty list must not be taken for «all».
  json(DELETE, '{"key":[]}', 'malformed_request'),
  json(DELETE, '["kept"]', 'malformed_request'),
  json(DELETE, '{"key":["\\ud800"]}', 'invalid_key'),
]

const attributes = (count: number) => Array.from({ length: count }, (_, i) => `a${i}=b`).join('&')

/** One more than there may be of something. */
export const tooMuch: readonly BadRequest[] = [
  form(PUT, `${'k'.repeat(257)}=a`, 'key_too_large', tooLarge),
  form(PUT, `${'%C3%A9'.repeat(128)}k=a`, 'key_too_large', tooLarge),
  form(PUT, `good=1&${'k'.repeat(257)}=a`, 'key_too_large', tooLarge),
  json(PUT, `{"${'k'.repeat(257)}":"a"}`, 'key_too_large', tooLarge),
  get(`${PUT}?${'k'.repeat(257)}=a`, 'key_too_large', tooLarge),
  form(PUT, `a=${'v'.repeat(65_537)}`, 'value_too_large', tooLarge),
  form(PUT, `good=1&a=${'€'.repeat(21_846)}`, 'value_too_large', tooLarge),
  json(PUT, `{"a":"${'v'.repeat(65_537)}"}`, 'value_too_large', tooLarge),
  form(PUT, attributes(1_025), 'too_many_attributes', tooLarge),
  // The one that is there counts too.
  form(PUT, attributes(1_024), 'too_many_attributes', tooLarge),
  form(PUT, `a=${'v'.repeat(1_048_576)}`, 'body_too_large', tooLarge),
  json(PUT, `{"a":"b"}${' '.repeat(1_048_576)}`, 'body_too_large', tooLarge),
  form(DELETE, `key=${'k'.repeat(1_048_576)}`, 'body_too_large', tooLarge),
  form(PUT, 'a&'.repeat(500_000), 'too_many_parameters', tooLarge),
  form(DELETE, 'key=a&'.repeat(5_000), 'too_many_parameters', tooLarge),
  json(PUT, `{"a":[${'"",'.repeat(300_000)}""]}`, 'too_many_parameters', tooLarge),
  json(PUT, '['.repeat(200_000), 'too_many_parameters', tooLarge),
  json(PUT, `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'too_many_parameters', tooLarge),
  json(PUT, `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'too_many_parameters', tooLarge),
]
