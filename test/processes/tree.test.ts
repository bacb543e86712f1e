// How processes are started and ended together, as far as it is a matter of text; what becomes of them on Windows is in
// test/windows/programs/processes.test.ts, elsewhere in the tests of the mounts that start them.
import { expect, test } from 'vitest'
import { describeExit } from '../../sidecar/processes/exit.ts'
import { rootOptions, taskkill } from '../../sidecar/processes/tree.ts'

test('on Windows a process stays in the job that ends with the gateway; elsewhere it leads a group', () => {
  expect(rootOptions('win32')).toEqual({ detached: false, windowsHide: true })
  expect(rootOptions('linux')).toMatchObject({ detached: true })
})

test('a tree of Windows is ended by the program of the system, and no other of its name', () => {
  expect(taskkill(4711, { SystemRoot: 'D:\\WINNT' })).toEqual([
    'D:\\WINNT\\System32\\taskkill.exe',
    '/PID',
    '4711',
    '/T',
    '/F',
  ])
  expect(taskkill(1, {})[0]).toBe('C:\\Windows\\System32\\taskkill.exe')
})

test('the code of a crash on Windows is written as it is explained', () => {
  const exit = { signal: null, error: undefined, lastLines: undefined }
  expect(describeExit({ ...exit, code: 0xc000_0005 })).toBe('exited with code 0xC0000005')
  expect(describeExit({ ...exit, code: 3 })).toBe('exited with code 3')
})
