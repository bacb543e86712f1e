// sidegate purge: has the caches forget what they have stored.
import { administer, administerOptions, told } from './administer.ts'
import type { Call, Command } from './command.ts'

export const purge: Command = {
  name: 'purge',
  summary: 'Have the caches forget what they have stored of a URL, or of all that begin so.',
  synopsis: 'URL [options]',
  positionals: { min: 1, max: 1 },
  options: administerOptions,
  examples: [
    ['sidegate purge /shop/a?b=1', 'one page, of whatever host'],
    ["sidegate purge 'https://example.com/shop/*'", 'all below a path of one host'],
    ["sidegate purge '*'", 'all'],
  ],
  async run(call: Call): Promise<number> {
    const [url] = call.positionals
    return told(await administer(call, { method: 'POST', path: '/v1/purge', query: { url } }), call.context)
  },
}
