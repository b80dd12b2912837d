type Patterns = readonly (readonly [pattern: RegExp, name: string])[]

/** Browsers by what their user agent contains. Most also name others, so the first match counts. */
const BROWSERS: Patterns = [
  [/\bFB(AN|AV|_IAB)[/;]/, 'Facebook'],
  [/\bInstagram\b/, 'Instagram'],
  [/\bOutlook\b/, 'Outlook'],
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPiOS\/|\bOpera Mini\//, 'Opera Mini'],
  [/\bOP(R|T|X)\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bDuckDuckGo\/|\bDdg\//, 'DuckDuckGo'],
  [/\bMSIE |\bTrident\//, 'Internet Explorer'],
  [/\bFocus\/|\bKlar\//, 'Firefox Focus'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/\bElectron\//, 'An app'],
  [/\bHeadlessChrome\//, 'Headless Chrome'],
  [/\bAndroid\b.*; wv\)/, 'An app'],
  [/\bChrom(e|ium)\/|\bCriOS\//, 'Chrome'],
  [/\bGSA\//, 'Google app'],
  [/\bVersion\/[\d.]+.*\bSafari\//, 'Safari'],
  // A page on the home screen, or an app's web view, has neither of the two.
  [/\b(iPhone|iPad|iPod)\b.*AppleWebKit\//, 'An app'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: Patterns = [
  [/\bWindows Phone\b/, 'Windows Phone'],
  [/\bWindows\b/, 'Windows'],
  [/\bAndroid\b/, 'Android'],
  [/\biPad\b/, 'iPad'],
  [/\b(iPhone|iPod)\b/, 'iPhone'],
  [/\bMac OS X\b|\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
]

/** The longest program name that is shown, and how much of a user agent is read, in characters. */
const NAME_LENGTH = 60
const AGENT_LENGTH = 512

/**
 * Describes a user agent for people: “Firefox on Linux”, or a program's own name, such as “curl/8.5.0”. It
 * proves nothing, since a client can send any.
 */
export function deviceOf(given: string): string {
  const userAgent = given.slice(0, AGENT_LENGTH).trim()
  const nameIn = (all: Patterns) => all.find(([pattern]) => pattern.test(userAgent))?.[1]
  const browser = nameIn(BROWSERS)
  const system = nameIn(SYSTEMS)
  const where = system === undefined ? '' : ` on ${system}`
  if (browser !== undefined) return browser + where
  // Every browser begins like this, for historical reasons.
  const own = userAgent.replace(/^Mozilla\/\d\.\d\s*(\(compatible;\s*)?/, '').trim()
  if (own === '') return userAgent === '' ? 'A program' : `A browser${where}`
  if (own.startsWith('(')) return `A browser${where}`
  return (/^[^\s;)]+/.exec(own)?.[0] ?? own).slice(0, NAME_LENGTH)
}
