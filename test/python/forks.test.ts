// Apps that start processes: the connections of a worker are not its children's, nor are its signals; and what it is made of is in nobody's way.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { alive, APPS, openMount, until } from './mount.ts'

const spec = { python: 'forks' }

test('what a forked child prints is in the log, and disturbs no request', async () => {
  const { ask, logged, lines } = await openMount(spec)
  const pid = (await ask({ path: '/pid' })).body.toString()
  expect((await ask({ path: '/prints' })).body.toString()).toBe('parent')
  expect(await logged(({ message }) => message === 'a child')).toMatchObject({ stream: 'stdout' })
  expect(await logged(({ message }) => message === 'errors of a child')).toMatchObject({ stream: 'stderr' })
  expect((await ask({ path: '/pid' })).body.toString()).toBe(pid)
  expect(lines.filter(({ message }) => message === 'half a line').length).toBe(1)
})

test.each([
  ['/returns', '0', []],
  ['/streams', '0', []],
  ['/raises', '1', ['RuntimeError: raised in a child']],
  ['/exits', '7', []],
  ['/reads', '1', ['OSError: the request belongs to the process that has forked this one']],
])('a child that comes back from the app by %s ends, and answers nothing', async (path, code, said) => {
  const { ask, logged, lines } = await openMount({ ...spec, threads: 2 })
  const pid = (await ask({ path: '/pid' })).body.toString()
  expect((await ask({ path, method: 'POST', body: 'four' })).body.toString()).toBe(code)
  await logged(({ message }) => message === 'in a child')
  for (const line of said) await logged(({ message }) => message === line)
  expect((await ask({ path: '/pid', method: 'POST', body: 'four' })).body.toString()).toBe(pid)
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})

test('a child ends at the signals that the worker is deaf to, and the worker stays', async () => {
  const { ask } = await openMount(spec)
  const pid = (await ask({ path: '/pid' })).body.toString()
  expect((await ask({ path: '/terminates' })).body.toString()).toBe('-15')
  expect((await ask({ path: '/pid' })).body.toString()).toBe(pid)
})

test('a worker that dies while a child of its lives on is replaced at once', async () => {
  const { ask } = await openMount(spec)
  const pid = Number((await ask({ path: '/pid' })).body.toString())
  const child = Number((await ask({ path: '/holds' })).body.toString())
  onTestFinished(() => {
    if (alive(child)) process.kill(child, 'SIGKILL')
  })
  process.kill(pid, 'SIGKILL')
  await until(async () => Number((await ask({ path: '/pid' })).body.toString()) !== pid)
  expect(alive(pid)).toBe(false)
})

test('a process that is started anew (spawn) gets what the app gives it, and no part of the worker in the way of the app’s modules', async () => {
  const { ask, lines } = await openMount({ python: 'spawning' })
  const { worked, here, there } = JSON.parse((await ask({ path: '/x' })).body.toString()) as {
    worked: string[]
    here: [modules: string[], path: string[]]
    there: [modules: string[], path: string[]]
  }
  expect(worked).toEqual(['/x', 'FileWrapper'])
  const own = fileURLToPath(new URL('../../sidecar/mounts/python', import.meta.url))
  for (const [modules, path] of [here, there]) {
    expect(modules.every((name) => name.split('.')[0] === 'sidegate_worker')).toBe(true)
    expect(path[0]).toBe(APPS.replace(/\/$/, ''))
    expect(path.filter((folder) => folder.startsWith(own))).toEqual([])
  }
  expect(existsSync(`${own}/__pycache__`) || existsSync(`${own}/sidegate_worker/__pycache__`)).toBe(false)
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
})
