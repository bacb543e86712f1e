// sidegate top: the figures of two looks, the lines made of them, and the terminal, which is given back as it was.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AdminStatus } from '../../sidecar/admin/status.ts'
import { figuresOf, type Look } from '../../sidecar/cli/top-figures.ts'
import { topScreen } from '../../sidecar/cli/top-screen.ts'
import { Durations } from '../../sidecar/durations.ts'
import type { MountedStatus } from '../../sidecar/mounted.ts'
import { MAIN } from '../built.ts'
import { until } from '../harness.ts'
import { ask } from './ask.ts'
import { commandFolder } from './command-folder.ts'
import { Sidegate } from './sidegate.ts'

const START = Date.parse('2026-01-01T00:00:00Z')

function durations(...values: number[]): MountedStatus['durations'] {
  const one = new Durations()
  for (const value of values) one.add(value)
  return one.report
}

function mounted(key: string, requests: number, more: Partial<MountedStatus> = {}): MountedStatus {
  const base = { inFlight: 0, failed: 0, abandoned: 0, retired: false, drained: false, mount: undefined }
  return { key, requests, since: new Date(START).toISOString(), durations: durations(), ...base, ...more }
}

function look(seconds: number, ...gateways: MountedStatus[][]): Look {
  const all = gateways.map((mounts, index) => ({
    generation: 1,
    pid: 100 + index,
    state: index === gateways.length - 1 ? ('serves' as const) : ('finishes' as const),
    since: new Date(START).toISOString(),
    report: { listeners: [], mounts, memory: 2 ** 26, layers: [], logLevel: 'info' as const },
  }))
  const status: AdminStatus = { version: '1.2.3', pid: 99, supervised: true, gateways: all }
  return { time: START + seconds * 1000, status }
}

const worker = (pid: number, requests: number, busy: number) => ({
  pid,
  state: 'ready' as const,
  since: new Date(START).toISOString(),
  requests,
  busy,
  places: 2,
  memory: 50 * 2 ** 20,
})

test('figures of the whole that have no room beside each other are below each other', () => {
  const values = [...Array<number>(900).fill(1111), ...Array<number>(60).fill(2222), ...Array<number>(40).fill(33_333)]
  const now = look(12, [mounted('/', 100_000, { durations: durations(...values), failed: 4000, inFlight: 12_345 })])
  const screen = topScreen(look(10, [mounted('/', 0)]), now, { width: 80, height: 99 })
  expect(screen.slice(0, 4)).toEqual([
    'sidegate 1.2.3  process 99  gateway 1 for 12.0 s  64 MB  0 connections',
    expect.stringMatching(/^50000 requests\/s {2}2000 failed\/s {2}12345 in flight {2}0 waiting {2}p50 .* s$/),
    expect.stringMatching(/^p95 .* s {2}p99 .* s$/),
    '',
  ])
})

test('rates are those between two looks, and percentiles too', () => {
  const before = look(10, [mounted('/', 1000, { durations: durations(...Array<number>(1000).fill(1)) })])
  const slow = [...Array<number>(1000).fill(1), ...Array<number>(20).fill(400)]
  const now = look(12, [mounted('/', 1020, { durations: durations(...slow), failed: 4 })])
  const [figures] = figuresOf(before, now)
  expect(figures).toMatchObject({ perSecond: 10, failedPerSecond: 2, durations: { count: 20 } })
  expect(topScreen(before, now, { width: 80, height: 99 }).join('\n')).toMatch(
    /10\.0 requests\/s {2}2\.0 failed\/s {2}0 in flight {2}0 waiting {2}p50 4\d\d ms/,
  )
})

test('what finishes after a reload is counted once, and one gateway is added to the other', () => {
  const before = look(10, [mounted('/', 100)])
  const finishing = mounted('/', 120, { retired: true, inFlight: 3 })
  // Two processes may be of one generation.
  const now = look(12, [mounted('/', 120, { inFlight: 1 }), finishing], [mounted('/', 24)])
  expect(figuresOf(before, now)).toMatchObject([{ key: '/', perSecond: 10 + 2, inFlight: 4 }])
})

test('workers by state, the busiest first, and why others were replaced', () => {
  const mount = {
    workers: [worker(11, 5, 0), worker(12, 9, 2), { ...worker(13, 0, 0), state: 'starting' as const }],
    waiting: 7,
    waits: durations(30),
    restarts: { crash: 2, memory: 1 },
  }
  const screen = topScreen(undefined, look(10, [mounted('/shop', 14, { mount })]), { width: 80, height: 99 })
  const text = screen.join('\n')
  expect(text).toMatch(/\/shop .* 7 .* 3\d ms {2}1\/2 busy, 1 starting\n/)
  expect(text).toContain('replaced in /shop: 2 crash, 1 memory')
  expect(text).toMatch(/WORKER +MOUNT +STATE[^]*12 +\/shop +busy +2\/2[^]*11 +\/shop +idle/)
})

test('nothing is wider or higher than there is room', () => {
  const mount = { workers: Array.from({ length: 50 }, (_, index) => worker(index + 1, index, 1)) }
  const mounts = [mounted('a-very-long-host-name.example.com/with/a/long/prefix', 10, { mount })]
  const screen = topScreen(undefined, look(10, mounts), { width: 80, height: 20 })
  expect(screen).toHaveLength(20)
  expect(Math.max(...screen.map(({ length }) => length))).toBeLessThanOrEqual(80)
  expect(screen.at(-1)).toMatch(/^… \d+ more lines$/)
})

const folder = commandFolder()
const environment = { XDG_RUNTIME_DIR: join(folder.path, 'runtime') }

test('--once prints one look; on a terminal it has the screen until q', async () => {
  const mounts = { '/': { respond: 204 } }
  folder.write(
    'sidegate.config.json',
    JSON.stringify({ listen: ['http://127.0.0.1:0'], mounts, log: { access: false } }),
  )
  const one = folder.run(['serve'], environment)
  const url = `http://127.0.0.1:${await one.port()}`
  await until('it can be asked', async () => (await ask(['status'], folder.path, environment)).code === 0)
  const once = ask(['top', '--once', '--interval', '1'], folder.path, environment)
  let going = true
  void once.finally(() => (going = false))
  while (going) await fetch(url)
  const { code, out } = await once
  expect(code).toBe(0)
  expect(Number(/([0-9.]+) requests\/s/.exec(out)![1])).toBeGreaterThan(1)
  expect(out).not.toContain('\x1b')

  const top = new Sidegate(['top', '--interval', '0.2'], folder.path, environment, undefined, terminal())
  const { out: shown, code: ended } = await top.ended
  expect(ended).toBe(0)
  // The screen, twice at least, and the terminal as it was.
  const plain = shown.replaceAll('\x1b', '^')
  expect(plain).toMatch(/\^\[\?1049h\^\[\?25l\^\[Hsidegate [^]*\^\[Hsidegate [^]*\^\[\?25h\^\[\?1049l[^]*same\r?\n$/)
})

/** A program that runs a command on a terminal of 80 columns, presses q when it has seen the screen twice, and compares the settings. */
function terminal(): string[] {
  const program = `
import os, pty, select, sys, termios, struct, fcntl
parent, child = pty.openpty()
fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
before = termios.tcgetattr(child)
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(child, termios.TIOCSCTTY, 0)
    for fd in (0, 1, 2):
        os.dup2(child, fd)
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
pressed = False
while True:
    ready, _, _ = select.select([parent], [], [], 0.1)
    if ready:
        seen += os.read(parent, 65536)
    elif os.waitpid(pid, os.WNOHANG)[0]:
        break
    if not pressed and seen.count(b'sidegate ') > 1:
        pressed = True
        os.write(parent, b'q')
sys.stdout.write(seen.decode())
print('same' if termios.tcgetattr(child) == before else 'other')
`
  return ['python3', '-c', program, process.execPath, MAIN]
}
