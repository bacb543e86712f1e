// sidegate reload: has the Sidegate of a configuration read it and its apps anew.
import { administer, administerOptions } from './administer.ts'
import { EXIT, type Call, type Command } from './command.ts'

export const reload: Command = {
  name: 'reload',
  summary: 'Have what was started with serve --supervise read its configuration and its apps anew.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: administerOptions,
  examples: [['sidegate reload', 'the one of sidegate.config.ts in this folder']],
  async run(call: Call): Promise<number> {
    const { status, body } = await administer(call, 'POST', '/v1/reload')
    const { message } = body as { message: string }
    if (status === 200) {
      call.context.stdout.write(`${message}\n`)
      return EXIT.ok
    }
    call.context.stderr.write(`${message.trimEnd()}\nsidegate: what served before serves on [RELOAD_FAILED]\n`)
    return EXIT.failed
  },
}
