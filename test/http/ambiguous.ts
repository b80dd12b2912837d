/** What follows the first lines of a request. */
export interface Framing {
  /** Header lines, each with its end. */
  readonly headers: string
  readonly body: string
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n'
const CHUNKS = '3\r\na=b\r\n0\r\n\r\n'

const lengths: Readonly<Record<string, Framing>> = {
  'two equal lengths': { headers: 'Content-Length: 3\r\nContent-Length: 3\r\n', body: 'a=b' },
  'two equal lengths in letters of two cases': {
    headers: 'Content-Length: 3\r\nCONTENT-LENGTH: 3\r\n',
    body: 'a=b',
  },
  'two different lengths': { headers: 'Content-Length: 0\r\nContent-Length: 3\r\n', body: 'a=b' },
  'the longer of two lengths first': { headers: 'Content-Length: 3\r\nContent-Length: 0\r\n', body: 'a=b' },
  'two lengths in one header': { headers: 'Content-Length: 3, 3\r\n', body: 'a=b' },
  'two different lengths in one header': { headers: 'Content-Length: 0, 3\r\n', body: 'a=b' },
  'a length with a plus': { headers: 'Content-Length: +3\r\n', body: 'a=b' },
  'a length with a minus': { headers: 'Content-Length: -3\r\n', body: 'a=b' },
  'a length of minus one': { headers: 'Content-Length: -1\r\n', body: 'a=b' },
  'a length of minus nothing': { headers: 'Content-Length: -0\r\n', body: '' },
  'a hexadecimal length': { headers: 'Content-Length: 0x3\r\n', body: 'a=b' },
  'a hexadecimal length without a mark': { headers: 'Content-Length: a\r\n', body: 'a=b1234567' },
  'a length with a fraction': { headers: 'Content-Length: 3.0\r\n', body: 'a=b' },
  'a length with an exponent': { headers: 'Content-Length: 3e0\r\n', body: 'a=b' },
  'a length with an underscore': { headers: 'Content-Length: 0_3\r\n', body: 'a=b' },
  'a length in quotes': { headers: 'Content-Length: "3"\r\n', body: 'a=b' },
  'a length with a blank in it': { headers: 'Content-Length: 0 3\r\n', body: 'a=b' },
  'a length behind a vertical tab': { headers: 'Content-Length: \x0b3\r\n', body: 'a=b' },
  'a length in digits that are not ASCII': { headers: 'Content-Length: \xb3\r\n', body: 'a=b' },
  'an empty length': { headers: 'Content-Length:\r\n', body: '' },
  'a length beyond all numbers': { headers: 'Content-Length: 99999999999999999999\r\n', body: 'a=b' },
  'a length that is 3 in 64 bits': { headers: 'Content-Length: 18446744073709551619\r\n', body: 'a=b' },
}

const encodings: Readonly<Record<string, Framing>> = {
  'a length and chunks': {
    headers: 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    body: '0\r\n\r\n',
  },
  'chunks and a length': {
    headers: 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
    body: '0\r\n\r\n',
  },
  'a length and chunks that agree': {
    headers: `Content-Length: ${CHUNKS.length}\r\n${CHUNKED}`,
    body: CHUNKS,
  },
  'a length and an encoding of nothing': {
    headers: 'Content-Length: 3\r\nTransfer-Encoding:\r\n',
    body: 'a=b',
  },
  'a length and the encoding identity': {
    headers: 'Content-Length: 3\r\nTransfer-Encoding: identity\r\n',
    body: 'a=b',
  },
  'an encoding of nothing': { headers: 'Transfer-Encoding:\r\n', body: 'a=b' },
  'another transfer encoding': { headers: 'Transfer-Encoding: xchunked\r\n', body: '0\r\n\r\n' },
  'chunks in quotes': { headers: 'Transfer-Encoding: "chunked"\r\n', body: CHUNKS },
  'chunks with a parameter': { headers: 'Transfer-Encoding: chunked;a=b\r\n', body: CHUNKS },
  'chunks behind a vertical tab': { headers: 'Transfer-Encoding: \x0bchunked\r\n', body: CHUNKS },
  'chunks that are not last': { headers: 'Transfer-Encoding: chunked, identity\r\n', body: '0\r\n\r\n' },
  'chunks of what was compressed': { headers: 'Transfer-Encoding: gzip, chunked\r\n', body: CHUNKS },
  'chunks in chunks': { headers: 'Transfer-Encoding: chunked, chunked\r\n', body: CHUNKS },
  'chunks twice': { headers: CHUNKED.repeat(2), body: CHUNKS },
  'two transfer encodings': {
    headers: 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    body: '0\r\n\r\n',
  },
  'two transfer encodings, chunks last': {
    headers: 'Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n',
    body: CHUNKS,
  },
}

const headers: Readonly<Record<string, Framing>> = {
  'a header that is folded': { headers: 'X-A: a\r\n b\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a header that is folded by a tab': { headers: 'X-A: a\r\n\tb\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a length that is folded': { headers: 'Content-Length:\r\n 3\r\n', body: 'a=b' },
  'an encoding that is folded': { headers: 'Transfer-Encoding:\r\n chunked\r\n', body: CHUNKS },
  'lines that end with LF alone': { headers: 'X-A: a\nContent-Length: 3\r\n', body: 'a=b' },
  'a length whose line ends with LF alone': { headers: 'Content-Length: 3\n', body: 'a=b' },
  'a head that ends with LF alone': { headers: 'Content-Length: 3\n\na=b', body: '' },
  'lines that end with CR alone': { headers: 'X-A: a\rContent-Length: 3\r\n', body: 'a=b' },
  'a blank before the colon of a length': { headers: 'Content-Length : 3\r\n', body: 'a=b' },
  'a tab before the colon of a length': { headers: 'Content-Length\t: 3\r\n', body: 'a=b' },
  'a blank before the colon of an encoding': {
    headers: 'Transfer-Encoding : chunked\r\n',
    body: '0\r\n\r\n',
  },
  'a blank before the name of a header': { headers: ' Content-Length: 3\r\n', body: 'a=b' },
  'a length without a colon': { headers: 'Content-Length 3\r\n', body: 'a=b' },
  'a NUL in a header': { headers: 'X-A: a\0b\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a control character in a name': { headers: 'X\x01A: a\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a header without a name': { headers: ': a\r\nContent-Length: 3\r\n', body: 'a=b' },
}

const chunks: Readonly<Record<string, string>> = {
  'a chunk of no size': 'zz\r\na=b\r\n0\r\n\r\n',
  'a chunk of empty size': '\r\na=b\r\n0\r\n\r\n',
  'a chunk of negative size': '-3\r\na=b\r\n0\r\n\r\n',
  'a chunk of size plus 3': '+3\r\na=b\r\n0\r\n\r\n',
  'a chunk of size 0x3': '0x3\r\na=b\r\n0\r\n\r\n',
  'a chunk of the largest size in 64 bits': 'ffffffffffffffff\r\na=b\r\n0\r\n\r\n',
  'a chunk whose size is 3 in 64 bits': '10000000000000003\r\na=b\r\n0\r\n\r\n',
  'a blank before the size of a chunk': ' 3\r\na=b\r\n0\r\n\r\n',
  'a blank behind the size of a chunk': '3 \r\na=b\r\n0\r\n\r\n',
  'a chunk that is longer than it says': '1\r\na=b\r\n0\r\n\r\n',
  'a chunk that is shorter than it says': '5\r\na=b\r\n0\r\n\r\n',
  'a chunk with nothing behind it': '3\r\na=b0\r\n\r\n',
  'a chunk with other bytes behind it': '3\r\na=bXX0\r\n\r\n',
  'chunks that end with LF alone': '3\na=b\n0\n\n',
  'chunks that end with CR alone': '3\ra=b\r0\r\r',
  'an extension of a chunk that ends with LF alone': '3;x\na=b\r\n0\r\n\r\n',
  'a last chunk of size minus nothing': '3\r\na=b\r\n-0\r\n\r\n',
}

const inChunks = (bodies: Readonly<Record<string, string>>): Readonly<Record<string, Framing>> =>
  Object.fromEntries(Object.entries(bodies).map(([says, body]) => [says, { headers: CHUNKED, body }]))

/** Requests whose end two parties could see in different places, as the head already shows. */
export const ambiguousHeads: Readonly<Record<string, Framing>> = { ...lengths, ...encodings, ...headers }

/** The same, which only the body shows. */
export const ambiguousChunks: Readonly<Record<string, Framing>> = inChunks(chunks)

/** Bodies that are whole with their last chunk, and have something behind it that is neither the end nor a request. */
export const behindChunks: Readonly<Record<string, Framing>> = inChunks({
  'a last chunk without the empty line': '3\r\na=b\r\n0\r\n',
  'a trailer': '3\r\na=b\r\n0\r\nX-A: a\r\n\r\n',
  'a trailer that says a length': '3\r\na=b\r\n0\r\nContent-Length: 9\r\n\r\n',
})

/** Requests that are spelled in an unusual way, and whose end is where the standard says. All of them put `a=b`. */
export const unusual: Readonly<Record<string, Framing>> = {
  'a length behind a tab': { headers: 'Content-Length:\t3\r\n', body: 'a=b' },
  'a length before blanks': { headers: 'Content-Length: 3 \t \r\n', body: 'a=b' },
  'a length with zeros before it': { headers: 'Content-Length: 0003\r\n', body: 'a=b' },
  'a header that only looks like an encoding': {
    headers: 'Transfer_Encoding: chunked\r\nContent-Length: 3\r\n',
    body: 'a=b',
  },
  'an encoding in capitals': { headers: 'TRANSFER-ENCODING: CHUNKED\r\n', body: CHUNKS },
  'an encoding before blanks': { headers: 'Transfer-Encoding:\tchunked \r\n', body: CHUNKS },
  'a size of a chunk with zeros before it': { headers: CHUNKED, body: '0003\r\na=b\r\n000\r\n\r\n' },
  'an extension of a chunk': { headers: CHUNKED, body: '3;x="y"\r\na=b\r\n0;z\r\n\r\n' },
  'an upgrade that is not taken up': {
    headers: 'Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n',
    body: 'a=b',
  },
}
