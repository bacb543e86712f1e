// Words that people write for a kind of mount and that are none, because what they mean has another name here, or goes another way.

const WORDS: ReadonlyMap<string, string> = new Map([
  ['php', 'what is mounted of PHP is a folder of scripts, not one of them: php:./public (docs/php.md)'],
  ['rack', "a Rack app runs in a server of its own: { run: 'puma -b unix://$SOCKET', speaks: 'http' } (docs/run.md)"],
  ['wsgi', 'a Python WSGI app is of the kind python, one of TypeScript of the kind app'],
  ['proxy', 'a server that runs somewhere else is of the kind upstream'],
  ['static', 'a folder is of the kind files'],
  ['redirect', 'a redirect is of the kind respond: { respond: 301, location: "/there" }'],
])

/** Where a word leads that is no kind of mount; undefined for words that nobody writes for one. */
export function otherWord(word: string): string | undefined {
  return WORDS.get(word.toLowerCase())
}
