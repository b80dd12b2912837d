import { expect, test } from 'bun:test'
import { deviceOf } from '../../src/console/devices.ts'

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const IPAD = 'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const ANDROID = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko)'
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'

const AGENTS: readonly (readonly [userAgent: string, name: string])[] = [
  [`${WINDOWS} Chrome/142.0.0.0 Safari/537.36`, 'Chrome on Windows'],
  [`${WINDOWS} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`, 'Edge on Windows'],
  [`${WINDOWS} Chrome/64.0.3282.140 Safari/537.36 Edge/18.17763`, 'Edge on Windows'],
  [`${IPHONE} Version/18.0 EdgiOS/138.0.3351.77 Mobile/15E148 Safari/604.1`, 'Edge on iPhone'],
  [`${ANDROID} Chrome/138.0.0.0 Mobile Safari/537.36 EdgA/138.0.0.0`, 'Edge on Android'],
  [`${WINDOWS} Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0`, 'Opera on Windows'],
  [`${IPHONE} Version/18.5 Mobile/15E148 Safari/604.1 OPT/5.5.1`, 'Opera on iPhone'],
  [`${IPHONE} OPX/2.9.1 Mobile/15E148 Safari/604.1`, 'Opera on iPhone'],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 11_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) OPiOS/16.0.15.124050 Mobile/15F79 Safari/9537.53',
    'Opera Mini on iPhone',
  ],
  [
    'Opera/9.80 (Android; Opera Mini/36.2.2254/119.132; U; id) Presto/2.12.423 Version/12.16',
    'Opera Mini on Android',
  ],
  ['Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18', 'Opera on Windows'],
  [
    'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36',
    'Samsung Internet on Android',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', 'Firefox on Linux'],
  ['Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0', 'Firefox on Android'],
  [`${IPHONE} FxiOS/140.1 Mobile/15E148 Safari/605.1.15`, 'Firefox on iPhone'],
  [`${IPHONE} CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1`, 'Chrome on iPhone'],
  [`${IPAD} CriOS/138.0.7204.119 Mobile/15E148 Safari/604.1`, 'Chrome on iPad'],
  [`${IPHONE} GSA/375.0 Mobile/15E148 Safari/604.1`, 'Google app on iPhone'],
  [`${IPHONE} Version/18.5 Mobile/15E148 Safari/604.1`, 'Safari on iPhone'],
  [`${MAC} Version/18.5 Safari/605.1.15`, 'Safari on macOS'],
  [
    'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36',
    'Chrome on ChromeOS',
  ],
  [`${ANDROID} Chrome/138.0.0.0 Mobile Safari/537.36`, 'Chrome on Android'],
  ['Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko', 'Internet Explorer on Windows'],
  ['Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)', 'Internet Explorer on Windows'],
  [
    'Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063',
    'Edge on Windows Phone',
  ],
  [`${IPHONE} Mobile/15E148`, 'An app on iPhone'],
  [
    `${IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/520.0.0.38.101;FBBV/756351453;FBDV/iPhone15,2]`,
    'Facebook on iPhone',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/137.0.7151.115 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/520.0.0.44.99;]',
    'Facebook on Android',
  ],
  [
    'Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/137.0.7151.115 Mobile Safari/537.36',
    'An app on Android',
  ],
  [`${IPHONE} Mobile/15E148 Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_5; en_US)`, 'Instagram on iPhone'],
  ['Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.18925; Pro)', 'Outlook on Windows'],
  [`${WINDOWS} HeadlessChrome/142.0.0.0 Safari/537.36`, 'Headless Chrome on Windows'],
  [`${MAC} Chrome/136.0.0.0 Electron/36.3.1 Safari/537.36`, 'An app on macOS'],
  ['curl/8.5.0', 'curl/8.5.0'],
  ['python-requests/2.32.3', 'python-requests/2.32.3'],
  ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot/2.1'],
  ['Mozilla/5.0', 'A browser'],
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) konqueror', 'A browser on Linux'],
  ['node', 'node'],
  ['', 'A program'],
  ['   ', 'A program'],
  ['x'.repeat(500), 'x'.repeat(60)],
]

test('browsers and programs are called what their users call them', () => {
  expect(AGENTS.map(([userAgent]) => [userAgent, deviceOf(userAgent)])).toEqual(
    AGENTS.map(([...each]) => each),
  )
})

test('of a very long user agent the beginning counts, so that none is slow to name', () => {
  expect(deviceOf(`curl/8.5.0 ${'Version/1 '.repeat(40_000)} Firefox/145.0`)).toBe('curl/8.5.0')
})
