// sidegate reload: has the Sidegate of a configuration read it and its apps anew, or one mount start anew.
import { administer, administerOptions, told } from './administer.ts'
import { EXIT, type Call, type Command } from './command.ts'

export const reload: Command = {
  name: 'reload',
  summary:
    'Have what serves read its configuration and its apps anew (serve --supervise), or one mount alone start anew.',
  synopsis: '[MOUNT] [options]',
  positionals: { min: 0, max: 1 },
  options: administerOptions,
  examples: [
    ['sidegate reload', 'the one of sidegate.config.ts in this folder'],
    ['sidegate reload /shop', 'new workers for one mount, with the settings that it has'],
  ],
  async run(call: Call): Promise<number> {
    const [mount] = call.positionals
    const answer = await administer(call, { method: 'POST', path: '/v1/reload', query: { mount } })
    const { status, body } = answer
    const { code = '', message } = body as { code?: string; message: string }
    if (status === 200) {
      call.context.stdout.write(`${message}\n`)
      return EXIT.ok
    }
    if (code !== 'RELOAD_FAILED' && mount === undefined) return told(answer, call.context)
    const said = mount === undefined ? message.trimEnd() : `sidegate: ${message.trimEnd()} [${code}]`
    const mark = code === 'RELOAD_FAILED' ? ` [${code}]` : ''
    call.context.stderr.write(`${said}\nsidegate: what served before serves on${mark}\n`)
    return EXIT.failed
  },
}
