// Mounts by the rules of Windows for the names of files. The files are there under the very names that are asked for, so that without the
// rules each of them would be found.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import { redirected } from '../../sidecar/mounts/cgi/redirect.ts'
import { files } from '../../sidecar/mounts/files.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { Scripts } from '../../sidecar/mounts/scripts.ts'
import { temporaryFolder } from '../harness.ts'
import { makeMount, openMount, type OpenMount, type Place } from '../mount.ts'

const folder = temporaryFolder()
afterAll(folder.remove)
const place = pathToFileURL(`${folder.path}/`)
const SCRIPT = `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s' "\${0##*/}"`

function write(names: readonly string[], text: string): void {
  for (const name of names) {
    const file = join(folder.path, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    chmodSync(file, 0o755)
  }
}

/** What names the same file on Windows as another name does, or none at all. Windows itself makes none of these. */
const OTHERS = ['a.php.', 'a.php ', 'a.php::$DATA', 'A~1.PHP', 'aux', 'con.php', 'sub\\a.php', 'C:a.php', 'sub./a.php']
// Nor does it run scripts for a shell.
const onWindows = process.platform === 'win32'
const names = onWindows ? [] : OTHERS
const asked = OTHERS.map((name) => `/${encodeURIComponent(name).replace('%2F', '/')}`)

write(
  [...names, 'a.txt', 'index.html'].map((name) => `public/${name}`),
  'text',
)
write(
  ['web.config', 'WEB.CONFIG', '.secret'].map((name) => `public/${name}`),
  'secret',
)
write(
  [...names, 'a.php', 'B.PHP', 'page', 'nph-x.php', 'NPH-y.php', 'setup.bat'].map((name) => `bin/${name}`),
  SCRIPT,
)
write(['tools/sh.exe', 'tools/cmd.exe', 'tools/batch.cmd', 'bin/tool.exe'], '#!/bin/sh\nexec /bin/sh "$@"\n')
write(['bin/tool.exe'], SCRIPT)

const windows: Place = { platform: 'win32' }
const linux: Place = { platform: 'linux' }
const ask = async (path: string, { request }: OpenMount): Promise<[number, string]> => {
  const { status, body } = await request({ path }).response
  return [status, body.toString()]
}

describe('files', () => {
  const open = (settings: object, where: Place): Promise<OpenMount> =>
    openMount(files, { files: 'public', ...settings }, place, where)

  test.each(asked)('%s is not there on Windows', async (path) => {
    expect((await ask(path, await open({}, windows)))[0]).toBe(404)
    expect((await ask(path, await open({ dotfiles: true, followSymlinks: true }, windows)))[0]).toBe(404)
  })

  test.skipIf(onWindows).each(asked)('%s is a name like others elsewhere', async (path) => {
    expect(await ask(path, await open({}, linux))).toEqual([200, 'text'])
  })

  test('the settings of IIS are hidden as names with a dot are', async () => {
    const [hidden, shown] = [await open({}, windows), await open({ dotfiles: true }, windows)]
    for (const path of ['/web.config', '/WEB.CONFIG', '/.secret']) {
      expect([path, ...(await ask(path, hidden))]).toEqual([path, 404, '404 Not Found\n'])
      expect([path, ...(await ask(path, shown))]).toEqual([path, 200, 'secret'])
    }
  })

  test('a page of an app whose address is no name of a file gets the fallback', async () => {
    const made = await open({ fallback: 'index.html' }, windows)
    for (const path of ['/users/aux', '/at:12', '/a.txt']) expect(await ask(path, made)).toEqual([200, 'text'])
  })

  test('the scripts of other mounts are 404 in whichever letters their folder is written', async () => {
    write(['site/CGI-BIN/tool', 'site/free'], 'source')
    const scripts = [{ mount: 'mounts./x', root: join(folder.path, 'site/cgi-bin'), suffixes: undefined }]
    const made = await openMount(files, { files: 'site' }, place, { ...windows, scripts })
    expect((await ask('/CGI-BIN/tool', made))[0]).toBe(404)
    expect(await ask('/free', made)).toEqual([200, 'source'])
  })
})

describe('cgi', () => {
  const open = (settings: object, where: Place): Promise<OpenMount> =>
    openMount(cgi, { cgi: 'bin', interpreters: { '.php': 'sh', '.exe': 'sh' }, ...settings }, place, where)
  const path = join(folder.path, 'tools')
  const env = { PATH: onWindows ? path : `/nowhere;"${path}";` }

  test.each(asked)('%s is no script on Windows', async (name) => {
    expect((await ask(name, await open({ env }, windows)))[0]).toBe(404)
  })

  test.skipIf(onWindows)(
    'an interpreter is found by its name without .exe, whichever letters the script ends with',
    async () => {
      const made = await open({ env }, windows)
      expect(await ask('/a.php', made)).toEqual([200, 'a.php'])
      expect(await ask('/B.PHP', made)).toEqual([200, 'B.PHP'])
      expect(await ask('/a.php/aux', made)).toEqual([200, 'a.php'])
    },
  )

  test.skipIf(onWindows)('PATH of the scripts, as it is written on Windows', async () => {
    expect(await ask('/a.php', await open({ env: { Path: env.PATH } }, windows))).toEqual([200, 'a.php'])
  })

  test('what writes to the client itself is refused in whichever letters', async () => {
    const made = await open({ env }, windows)
    expect((await ask('/nph-x.php', made))[0]).toBe(501)
    expect((await ask('/NPH-y.php', made))[0]).toBe(501)
  })

  test.each(['/page', '/setup.bat'])('%s has no program that runs it', async (name) => {
    const { response, errors } = (await open({ env }, windows)).request({ path: name })
    expect((await response).status).toBe(403)
    expect(errors).toMatchObject([{ code: 'CGI_NOT_EXECUTABLE', message: expect.stringContaining('{ ".py": "C:') }])
  })

  test('what the shell of Windows would read as commands is not given to it', async () => {
    write(['bin/a&b.php', 'bin/a%b%.php', 'bin/a,b.php'], SCRIPT)
    const made = await open({ env, interpreters: { '.php': 'cmd.exe /d /c' } }, windows)
    for (const name of ['/a%26b.php', '/a%25b%25.php', '/a,b.php']) {
      const { response, errors } = made.request({ path: name })
      expect([name, (await response).status]).toEqual([name, 403])
      expect(errors).toMatchObject([{ code: 'CGI_NOT_EXECUTABLE', message: expect.stringContaining('cmd.exe takes') }])
    }
  })

  test.skipIf(onWindows)('other programs than cmd.exe are given such names', async () => {
    write(['bin/a&b.php'], SCRIPT)
    expect((await open({ env }, windows)).request({ path: '/a%26b.php' }).errors).toEqual([])
  })

  test.each([
    ['tools/batch.cmd', /batch\.cmd, a batch file, which is run by cmd\.exe only: write cmd\.exe \/d \/c /],
    ['batch', /batch is .*batch\.cmd, a batch file/],
    ['C:\\nowhere\\python.exe -u', /there is no program C:\\nowhere\\python\.exe$/],
    ["'sh' -e", /'sh' begins with a single quote/],
    ['nowhere', /there is no program nowhere in the scripts' PATH/],
  ])('the interpreter %s', async (line, message) => {
    await expect(open({ env, interpreters: { '.php': line } }, windows)).rejects.toMatchObject({
      code: 'CGI_INTERPRETER',
      path: 'mounts./.interpreters..php',
      message: expect.stringMatching(message),
    })
  })

  test('a local redirect leads to other mounts, in whichever letters the client wrote this one', () => {
    const asked = { SCRIPT_NAME: '/site/CGI', PATH_INFO: '/x', REQUEST_METHOD: 'GET' }
    expect(redirected(asked, '/cgi', '/site/other?a=b', 'win32')).toMatchObject({
      SCRIPT_NAME: '/site',
      PATH_INFO: '/other',
    })
    expect(redirected(asked, '/cgi', '/site/other?a=b', 'linux')).toBeUndefined()
  })

  test.skipIf(onWindows)('bytes that are no UTF-8 are characters in an environment of Windows', async () => {
    write(['bin/env.exe'], `#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n%s' "$HTTP_X_BYTES"`)
    const made = await open({ env, interpreters: {} }, windows)
    const { response } = made.request({ path: '/env.exe', headers: { 'X-Bytes': 'caf\xe9' } })
    expect((await response).body.toString()).toBe('café')
  })
})

describe('scripts of PHP', () => {
  const find = async (
    path: string,
    platform: NodeJS.Platform,
    frontController?: string,
  ): Promise<string | undefined> => {
    const settings = {
      root: 'bin',
      scriptRoot: '/php',
      index: ['index.php'],
      split: ['.php'],
      frontController,
      followSymlinks: false,
      static: false,
      maxAge: 0,
    }
    const scripts = (await Scripts.open(settings, { path: 'mounts./', directory: folder.path, platform }, undefined))!
    const found = await scripts.find({ PATH_INFO: decodeURIComponent(path), SCRIPT_NAME: '' })
    return found.kind === 'script' ? `${found.variables.SCRIPT_FILENAME} ${found.variables.PATH_INFO}` : found.kind
  }

  test.each(asked)('%s is none on Windows', async (path) => {
    expect(await find(path, 'win32')).toBe('none')
    expect(await find(path, 'win32', '/index.php')).toBe('/php/index.php ')
  })

  test('large and small letters are the same there, and what follows a script is no name of a file', async () => {
    expect(await find('/B.PHP/x', 'win32')).toBe('/php/B.PHP /x')
    expect(await find('/B.PHP/x', 'linux')).toBe('none')
    expect(await find('/a.php/aux/at:12', 'win32')).toBe('/php/a.php /aux/at:12')
  })
})

describe('commands', () => {
  const path = join(folder.path, 'tools')
  const tool = join(folder.path, 'tools/sh.exe')
  const open = (settings: object): Promise<OpenMount> => openMount(run, { speaks: 'http', ...settings }, place, windows)

  test.each([
    [
      { run: 'batch $PORT', env: { Path: path } },
      /^batch is .*batch\.cmd, a batch file, .* write cmd\.exe \/d \/c batch, or/,
    ],
    [{ run: ['batch.cmd', '$PORT'], env: { PATH: path } }, /^batch\.cmd is .*batch\.cmd, a batch file/],
    [{ run: 'C:\\no\\server.exe $PORT' }, /^there is no program C:\\no\\server\.exe in /],
    [{ run: 'page $PORT', env: { PATH: join(folder.path, 'bin') } }, /^there is no program page on the PATH/],
  ])('%j is told at the start and by check', async (settings, message) => {
    const told = { code: 'RUN_SPAWN', path: 'mounts./.run', message: expect.stringMatching(message) }
    await expect(open(settings)).rejects.toMatchObject(told)
    await expect(
      makeMount(run, { speaks: 'http', ...settings }, place, windows).mount.check!(false),
    ).rejects.toMatchObject(told)
  })

  test.each([
    [`'sh' $PORT`, /^'sh' begins with a single quote/],
    ['"sh $PORT', /is not closed$/],
  ])('%j', async (line, message) => {
    const told = { code: 'RUN_COMMAND', path: 'mounts./.run', message: expect.stringMatching(message) }
    await expect(open({ run: line })).rejects.toMatchObject(told)
  })

  test.skipIf(onWindows)('a program is found by its name without .exe', async () => {
    const death = { code: 'RUN_START_DIED', message: expect.stringContaining('code 7') }
    await expect(open({ run: `sh -c "exit 7" $PORT`, env: { path } })).rejects.toMatchObject(death)
    await expect(open({ run: `"${tool}" -c "exit 7" $PORT` })).rejects.toMatchObject(death)
  })

  test('Python is called python', async () => {
    const opened = (settings: object) => openMount(python, { python: 'app', ...settings }, place, windows)
    await expect(opened({ env: { Path: '/nowhere' } })).rejects.toMatchObject({
      code: 'PYTHON_NOT_FOUND',
      message: expect.stringMatching(/^cannot run python \(/),
    })
    await expect(opened({ venv: 'bin' })).rejects.toMatchObject({
      code: 'PYTHON_VENV',
      message: expect.stringMatching(/Scripts.python\.exe is not there \(python -m venv /),
    })
    await expect(opened({ interpreter: 'batch', env: { Path: path } })).rejects.toMatchObject({
      code: 'PYTHON_NOT_FOUND',
      path: 'mounts./.interpreter',
      message: expect.stringMatching(/^batch is .*batch\.cmd, a batch file/),
    })
  })
})
