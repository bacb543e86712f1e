// Values for the parameters of a sheet. A parameter is an XPath expression: what a client wrote is given as a literal, and stays a text.

/** What XML 1.0 (2.2) has no place for. */
const NO_XML =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** The XPath literal (XPath 1.0, 3.7) of a text; in one with both kinds of quotes another character stands for one of them. */
export function xpathLiteral(text: string): string {
  const clean = text.replace(NO_XML, '\ufffd')
  if (!clean.includes("'")) return `'${clean}'`
  if (!clean.includes('"')) return `"${clean}"`
  // Not put together by `concat`: an expression may have so many parts and no more.
  const other = unused(clean)
  return `translate("${clean.replaceAll('"', other)}", "${other}", '"')`
}

/** A character for private use (Unicode, 23.5) that the text does not have. */
function unused(text: string): string {
  const used = new Set(text)
  for (let code = 0xf0000; ; code++) {
    const character = String.fromCodePoint(code)
    if (!used.has(character)) return character
  }
}
