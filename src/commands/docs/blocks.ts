const END = '<!-- /generated -->'

/** A page with the content of its block `<!-- generated: name -->` replaced; null when it has no such block. */
export function fillBlock(page: string, name: string, content: string): string | null {
  const start = `<!-- generated: ${name} -->`
  const from = page.indexOf(start)
  const to = page.indexOf(END, from)
  if (from < 0 || to < 0) return null
  return `${page.slice(0, from + start.length)}\n\n${content}\n${page.slice(to)}`
}
