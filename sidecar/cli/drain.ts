// sidegate drain: takes one mount out and waits for what it has; without a mount ends all, and waits for that.
import type { AdminStatus } from '../admin/status.ts'
import { ConfigError } from '../errors.ts'
import { administer, administerOptions, told } from './administer.ts'
import { EXIT, UsageError, type Call, type Command } from './command.ts'

/** How often it is looked whether all has ended, in milliseconds. */
const LOOK_MS = 200

export const drain: Command = {
  name: 'drain',
  summary:
    'Take a mount out: it answers 503, and what it has is waited for. Without a mount: as stop, and wait for the end.',
  synopsis: '[MOUNT] [options]',
  positionals: { min: 0, max: 1 },
  options: [...administerOptions, { name: 'back', text: 'Take the mount back; so does a reload of it.' }],
  examples: [
    ['sidegate drain /shop', 'before the database of one app is changed'],
    ['sidegate drain /shop --back', 'it is served again'],
  ],
  async run(call: Call): Promise<number> {
    const [mount] = call.positionals
    const back = call.options.back === true
    if (mount === undefined && back) throw new UsageError('--back is for a mount: sidegate drain /shop --back', 'drain')
    return mount === undefined ? drainAll(call) : drainOne(call, mount, back)
  },
}

async function drainOne(call: Call, mount: string, back: boolean): Promise<number> {
  const query = { mount, back: back ? '1' : undefined }
  const answer = await administer(call, { method: 'POST', path: '/v1/drain', query })
  if (answer.status !== 200) return told(answer, call.context)
  const { inFlight } = answer.body as { inFlight: number }
  const { stdout, stderr } = call.context
  if (back) stdout.write(`${mount} is served again\n`)
  else if (inFlight === 0) stdout.write(`${mount} is taken out, and has no request under way\n`)
  else stderr.write(`sidegate: ${mount} is taken out, and still has ${inFlight} requests under way\n`)
  return inFlight === 0 || back ? EXIT.ok : EXIT.failed
}

async function drainAll(call: Call): Promise<number> {
  await administer(call, { method: 'POST', path: '/v1/stop' })
  for (;;) {
    try {
      const { body } = await administer(call, { method: 'GET', path: '/v1/status' })
      // Another one that was started meanwhile.
      if ((body as AdminStatus).gateways.some(({ state }) => state === 'serves')) break
    } catch (error) {
      if (!(error instanceof ConfigError) || error.code !== 'ADMIN_UNREACHABLE') throw error
      break
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  call.context.stdout.write('it has ended\n')
  return EXIT.ok
}
