/** Whatever is shorter would blot out words that only look like it. */
const SHORTEST = 6

/**
 * A text of somebody else, fit to be shown: servers and proxies may repeat what they were sent, as it is or in the
 * spelling of JSON or of a URL.
 */
export function withoutSecrets(text: string, secrets: Iterable<string>): string {
  const known = [...secrets].filter(({ length }) => length >= SHORTEST)
  // The longest first: one may hold another.
  const forms = [...new Set(known.flatMap(spellings))].toSorted((a, b) => b.length - a.length)
  return forms.reduce((clean, form) => clean.replaceAll(form, '***'), text)
}

/** What the setting of a proxy gives away, or the environment where there is none. */
export function proxySecrets(proxy: string | null): string[] {
  const names = ['HTTPS_PROXY', 'HTTP_PROXY']
  const urls = names.flatMap((name) => [process.env[name], process.env[name.toLowerCase()]])
  return (proxy === null ? urls : [proxy]).flatMap((url) => (url ? passwordIn(url) : []))
}

/** As it is written, as it is meant, and as the proxy gets it. */
function passwordIn(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { username, password } = new URL(url)
  if (password === '') return []
  const [name, word] = [decoded(username), decoded(password)]
  return [password, word, Buffer.from(`${name}:${word}`).toString('base64')]
}

function spellings(secret: string): string[] {
  const inUrl = secret.isWellFormed() ? encodeURIComponent(secret) : secret
  return [secret, JSON.stringify(secret).slice(1, -1), inUrl]
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
