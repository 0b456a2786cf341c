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

/** What a proxy's URL gives away: its password as it is written, as it is meant, and as the proxy gets it. */
export function secretsOfProxy(url: string): string[] {
  if (!URL.canParse(url)) return []
  const { username, password } = new URL(url)
  if (password === '') return []
  const [name, word] = [decoded(username), decoded(password)]
  return [password, word, Buffer.from(`${name}:${word}`).toString('base64')]
}

/** The same of the proxies that the environment names. */
export function secretsOfEnvironment(): string[] {
  const urls = ['HTTPS_PROXY', 'HTTP_PROXY'].flatMap((name) => [
    process.env[name],
    process.env[name.toLowerCase()],
  ])
  return urls.flatMap((url) => (url ? secretsOfProxy(url) : []))
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
