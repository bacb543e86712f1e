// The warning of apps that run as root.
import { expect, test } from 'vitest'
import { warnOfRoot } from '../../sidecar/cli/root-apps.ts'
import { Log } from '../../sidecar/log.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { LogText } from '../harness.ts'

function said(mounts: Record<string, [kind: string, settings?: Record<string, unknown>]>, uid: number): string {
  const text = new LogText()
  const entries = Object.entries(mounts).map(([key, [name, settings = {}]]) => {
    const kind = kinds.find((one) => one.kind === name) as MountKind
    return { key, kind, settings, use: [], path: `mounts.${key}` }
  })
  warnOfRoot({ mounts: entries }, new Log('text', text, text), uid)
  return text.text
}

test('apps that run as root are told of, with the way out', () => {
  const text = said({ '/': ['app'], '/py': ['python'], '/cgi': ['cgi'], '/img': ['files'] }, 0)
  expect(text).toContain('the apps at /, /py, /cgi run as root')
  expect(text).toContain('--supervise --user USER')
  expect(text).toContain('code=ROOT_APPS')
})

test.each<[string, Parameters<typeof said>[0], number]>([
  ['another user', { '/': ['app'] }, 1000],
  ['a system without any', { '/': ['app'] }, -1],
  ['what runs nothing', { '/': ['files'], '/away': ['respond'], '/up': ['upstream'] }, 0],
  ['processes of another user', { '/': ['python', { process: { user: 'shop' } }] }, 0],
  ['PHP, which is never root', { '/': ['php'] }, 0],
])('%s: nothing is said', (_, mounts, uid) => {
  expect(said(mounts, uid)).toBe('')
})
