// $SOCKET for a command that is started as root and is somebody else by the time it listens; and where no socket can be.
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { userCalled } from '../../sidecar/accounts.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { program, temporaryFolder } from '../harness.ts'
import { makeMount, type OpenMount } from '../mount.ts'

const isRoot = process.getuid?.() === 0
const folder = temporaryFolder()
afterAll(() => folder.remove())

/** Answers with its user and the place where it listens. */
const SERVER = String.raw`
import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind(os.environ["SOCKET"])
s.listen()
while True:
    c, _ = s.accept()
    c.recv(65536)
    b = ("%d %s" % (os.getuid(), os.environ["SOCKET"])).encode()
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(b), b))
    c.close()
`
const COMMAND = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '/usr/bin/python3', '-c', SERVER]

function make(settings: object): OpenMount {
  const env = { WHERE: '$SOCKET' }
  const made = makeMount(run, { run: COMMAND, speaks: 'http', env, ...settings }, pathToFileURL(`${folder.path}/`))
  onTestFinished(() => made.mount.close())
  return made
}

describe.skipIf(!isRoot || !program('setpriv') || !program('python3'))('as root', () => {
  test('the folder is that of socketUser, and nobody else’s', async () => {
    const made = make({ socketUser: 'nobody' })
    await made.mount.open()
    const [uid, socket] = (await made.request().response).body.toString().split(' ')
    const nobody = userCalled('nobody', '').uid
    expect(Number(uid)).toBe(nobody)
    const { uid: owner, mode } = statSync(join(socket!, '..'))
    expect([owner, mode & 0o777]).toEqual([nobody, 0o700])
  })

  test('without it the command finds no way in, and that is told', async () => {
    await expect(make({}).mount.open()).rejects.toMatchObject({
      code: 'RUN_START_DIED',
      message: expect.stringContaining('name that one in socketUser') as string,
      cause: expect.stringContaining('Permission denied') as string,
    })
  })

  test('a command that is another user from its start changes to nobody', () => {
    expect(() => make({ socketUser: 'nobody', process: { user: 'www-data' } })).toThrow(/not started as root/)
  })

  test('a user that is not there', () => {
    expect(() => make({ socketUser: 'not-here' })).toThrow(/no user called not-here/)
  })
})

test('only root becomes somebody else', () => {
  const getuid = vi.spyOn(process, 'getuid').mockReturnValue(1000)
  onTestFinished(() => getuid.mockRestore())
  expect(() => make({ socketUser: 'nobody' })).toThrow(/only root can become somebody else/)
})

test('a folder for temporary files with so long a path that no socket has a name there', async () => {
  const before = process.env.TMPDIR
  const long = temporaryFolder()
  onTestFinished(() => {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
    long.remove()
  })
  const path = join(long.path, 'x'.repeat(90))
  mkdirSync(path)
  process.env.TMPDIR = path
  await expect(make({}).mount.open()).rejects.toMatchObject({
    code: 'RUN_PLACE',
    message: expect.stringContaining('set TMPDIR of the gateway to a shorter one') as string,
  })
  expect(readdirSync(path)).toEqual([])
})
