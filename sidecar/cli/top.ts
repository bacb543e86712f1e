// sidegate top: what a Sidegate does, live. On a terminal it has the screen until it is told to quit, and gives it back as it was; anywhere else it
// prints one look below the other.
import type { ReadStream } from 'node:tty'
import type { AdminStatus } from '../admin/status.ts'
import { administer, administerOptions } from './administer.ts'
import { EXIT, number, type Call, type Command, type Context } from './command.ts'
import { topScreen, type Room } from './top-screen.ts'
import type { Look } from './top-figures.ts'

const INTERVAL = 2
/** Where nobody knows how wide it is. */
const ROOM: Room = { width: 80, height: Infinity }

/** The other screen, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
/** To the beginning; each line clears what was behind it, the last one what was below. */
const HOME = '\x1b[H'
const LINE_END = '\x1b[K\r\n'
const CLEAR_BELOW = '\x1b[J'

export const top: Command = {
  name: 'top',
  summary: 'Show live what serves: requests a second, percentiles, queues, workers, restarts. q quits, space pauses.',
  synopsis: '[options]',
  positionals: { min: 0, max: 0 },
  options: [
    ...administerOptions,
    { name: 'interval', value: 'SECONDS', text: 'How often it looks.', default: String(INTERVAL) },
    { name: 'once', text: 'Print one look, at what happens within one interval, and end.' },
  ],
  examples: [
    ['sidegate top', 'until q'],
    ['sidegate top --once --interval 10', 'ten seconds, as text'],
  ],
  async run(call: Call): Promise<number> {
    const interval = (number(call.options, 'interval', 0.1, 3600) ?? INTERVAL) * 1000
    const first = await look(call)
    const keys = call.options.once === true ? undefined : Screen.of(call.context)
    const quit = new Quit(call.context)
    try {
      if (call.options.once === true) {
        if (await quit.within(interval)) return EXIT.ok
        call.context.stdout.write(`${topScreen(first, await look(call), ROOM).join('\n')}\n`)
        return EXIT.ok
      }
      keys?.open(() => quit.now())
      await watch(call, first, interval, quit, keys)
      return EXIT.ok
    } finally {
      keys?.close()
      quit.stop()
    }
  },
}

async function look(call: Call): Promise<Look> {
  const { body } = await administer(call, { method: 'GET', path: '/v1/status' })
  return { time: Date.now(), status: body as AdminStatus }
}

async function watch(call: Call, first: Look, interval: number, quit: Quit, screen: Screen | undefined): Promise<void> {
  let before: Look | undefined
  let now = first
  for (;;) {
    if (screen) screen.show(before, now)
    else if (before) call.context.stdout.write(`${topScreen(before, now, ROOM).join('\n')}\n\n`)
    if (await quit.within(interval)) return
    if (screen?.paused) continue
    const next = await look(call)
    before = now
    now = next
  }
}

/** Until somebody wants it to end. */
class Quit {
  readonly stop: () => void
  readonly #asked = Promise.withResolvers<true>()

  constructor({ onStopSignal }: Context) {
    this.stop = onStopSignal(() => this.now())
  }

  now(): void {
    this.#asked.resolve(true)
  }

  /** True when it is to end, at once; false after so many milliseconds. */
  async within(milliseconds: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), milliseconds)
    })
    const quit = await Promise.race([this.#asked.promise, over])
    clearTimeout(timer)
    return quit
  }
}

/** A terminal. */
class Screen {
  paused = false
  readonly #out: Context['stdout'] & { columns?: number; rows?: number }
  readonly #in: ReadStream
  #shown: readonly [Look | undefined, Look] | undefined
  #quit: () => void = () => {}

  private constructor(out: Context['stdout'], keys: ReadStream) {
    this.#out = out
    this.#in = keys
  }

  /** Undefined where there is none. */
  static of({ stdin, stdout }: Context): Screen | undefined {
    const keys = stdin as unknown as ReadStream
    const isTerminal = (stdout as { isTTY?: boolean }).isTTY === true && keys.isTTY
    return isTerminal ? new Screen(stdout, keys) : undefined
  }

  open(quit: () => void): void {
    this.#quit = quit
    this.#in.setRawMode(true)
    this.#in.setEncoding('utf8').on('data', this.#pressed).resume()
    this.#in.once('end', quit)
    this.#out.on('resize', this.#again)
    this.#out.write(ENTER)
  }

  show(before: Look | undefined, now: Look): void {
    this.#shown = [before, now]
    this.#again()
  }

  /** Gives the terminal back as it was. Works before `open`. */
  close(): void {
    this.#out.off('resize', this.#again)
    this.#in.off('data', this.#pressed).pause()
    this.#in.setRawMode(false)
    this.#out.write(LEAVE)
  }

  readonly #again = (): void => {
    if (!this.#shown) return
    const { columns: width = ROOM.width, rows: height = 24 } = this.#out
    const lines = topScreen(...this.#shown, { width, height: height - 1 })
    const last = this.paused ? 'paused: space goes on, q quits' : 'q quits, space pauses'
    this.#out.write(`${HOME}${[...lines.map((line) => line + LINE_END), last].join('')}\x1b[K${CLEAR_BELOW}`)
  }

  readonly #pressed = (keys: string): void => {
    for (const key of keys) {
      // In raw mode Ctrl-C and Ctrl-D are keys like others.
      if (key === 'q' || key === 'Q' || key === '\x03' || key === '\x04') this.#quit()
      else if (key === ' ') {
        this.paused = !this.paused
        this.#again()
      }
    }
  }
}
