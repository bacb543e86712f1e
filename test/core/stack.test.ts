// Of a stack what says where to look is kept.
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { whereToLook } from '../../sidecar/stack.ts'

const ours = new URL('../../sidecar/gateway.ts', import.meta.url).href
const [app, library, internal] = [
  'file:///srv/app.ts:1:2',
  '/srv/node_modules/x/i.js:3:4',
  'node:internal/modules/x:5:6',
]
const stack = (...places: string[]): string => ['Error: x', ...places.map((place) => `    at f (${place})`)].join('\n')

test('what is below the last frame of others goes', () => {
  expect(whereToLook(stack(app, library, `${ours}:1:1`, internal, 'index 0'))).toBe(stack(app, library))
  expect(whereToLook(stack(app, `${fileURLToPath(ours)}:1:1`))).toBe(stack(app))
  expect(whereToLook(`Error\n    at async ${app}\n    at async node:internal/x:1:1\n    at async ${ours}:1:1`)).toBe(
    `Error\n    at async ${app}`,
  )
})

test('what is above it stays', () => {
  expect(whereToLook(stack(`${ours}:1:1`, 'node:fs:1:1', app))).toBe(stack(`${ours}:1:1`, 'node:fs:1:1', app))
})

test("one that is Sidegate's own is whole", () => {
  expect(whereToLook(stack(`${ours}:1:1`, internal))).toBe(stack(`${ours}:1:1`, internal))
  expect(whereToLook(stack('node:net:1:1', `${ours}:1:1`))).toBe(stack('node:net:1:1', `${ours}:1:1`))
})

test('one of Node.js that could not load a module says nothing', () => {
  expect(whereToLook(`file:///srv/app.ts:1\nimport 'x'\n       ^\n${stack(internal, `${ours}:1:1`)}`)).toBe(
    "file:///srv/app.ts:1\nimport 'x'\n       ^\nError: x",
  )
})

test('several in one text, and none', () => {
  const two = `${stack(app, `${ours}:1:1`)}\ncaused by\n${stack(library, internal)}\nend`
  expect(whereToLook(two)).toBe(`${stack(app)}\ncaused by\n${stack(library)}\nend`)
  expect(whereToLook('a text\nof lines\n')).toBe('a text\nof lines\n')
})
