// The command line and the mounts that start programs, in the Node.js of Windows.
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { MAIN } from '../../built.ts'
import { temporaryFolder } from '../../harness.ts'
import { NODE_VERSIONS, nodeExe, PYTHON } from '../places.ts'
import { prepared } from '../prepared.ts'
import { windowsPath, WindowsProgram } from '../wine.ts'

describe.skipIf(!prepared)('under node.exe', () => {
  const folder = temporaryFolder()
  afterAll(folder.remove)
  const write = (name: string, text: string): void => writeFileSync(join(folder.path, name), text)
  const place = (name: string): string => join(folder.path, name)
  const start = (...words: string[]): WindowsProgram =>
    new WindowsProgram([nodeExe(NODE_VERSIONS[0]), windowsPath(MAIN), ...words], { cwd: folder.path })
  async function run(...words: string[]): Promise<[number | null, string]> {
    const program = start(...words)
    return [await program.exited, program.output]
  }

  mkdirSync(place('cgi'))
  mkdirSync(place('site/cgi-bin'), { recursive: true })
  write(
    'cgi/env.py',
    'import os, sys\nsys.stdout.write("Content-Type: text/plain\\n\\n%(SCRIPT_NAME)s|%(PATH_INFO)s|" % os.environ + ascii(os.environ["HTTP_X_BYTES"]))\n',
  )
  write('cgi/shell.cmd', '@echo off\r\necho Content-Type: text/plain\r\necho.\r\necho %PATH_INFO%\r\n')
  write('cgi/plain.txt', 'text')
  write('site/a.txt', 'text')
  write('site/web.config', 'secret')
  write('site/cgi-bin/tool', 'source')

  test('scripts, files and prefixes, in whichever letters they are asked for', async () => {
    const python = windowsPath(PYTHON)
    write(
      'serve.yaml',
      `listen: ['127.0.0.1:0']
mounts:
  /cgi: { cgi: ./cgi, interpreters: { .py: '${python} -I', .cmd: cmd.exe /d /c } }
  /tools: { cgi: ./site/cgi-bin }
  /site: { files: '${windowsPath(place('site'))}' }
  /site/private: { respond: 403 }
`,
    )
    const serve = start('serve', '--config', 'serve.yaml', '--no-access-log')
    const [, port] = await serve.said(/listening {2}127\.0\.0\.1:(\d+) /)
    const ask = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'X-Bytes': '\xe9' } })
      return `${answer.status} ${(await answer.text()).trim().replaceAll('\r', '')}`
    }
    expect(await ask('/cgi/env.py/x')).toBe(String.raw`200 /cgi/env.py|/x|'\xe9'`)
    expect(await ask('/CGI/ENV.PY/aux')).toBe(String.raw`200 /CGI/ENV.PY|/aux|'\xe9'`)
    expect(await ask('/cgi/Shell.CMD/y')).toBe('200 /y')
    expect(await ask('/cgi/plain.txt')).toMatch(/^403 /)
    expect(await ask('/Site/A.TXT')).toBe('200 text')
    for (const path of [
      '/site/CGI-BIN/tool',
      '/site/WEB.config',
      '/site/a.txt::$DATA',
      '/site/a.txt.',
      '/site/sub%5C..%5Ca.txt',
    ])
      expect([path, await ask(path)]).toEqual([path, '404 404 Not Found'])
    expect(await ask('/site/PRIVATE/x')).toMatch(/^403/)
    await serve.kill()
  })

  test('apps in worker processes, one that ends its process, and one that hangs', async () => {
    write(
      'app.mjs',
      `export default async (request, response) => {
        console.log('printed', request.url)
        if (request.url === '/exit') process.exit(3)
        if (request.url === '/loop') for (;;);
        let size = 0
        for await (const chunk of request) size += chunk.length
        response.end(request.url + ' ' + size)
      }`,
    )
    write(
      'workers.yaml',
      "listen: ['127.0.0.1:0']\nmounts: { /: { node: ./app.mjs, processes: 1, stuckTimeout: 2 } }\n",
    )
    const serve = start('serve', '--config', 'workers.yaml', '--no-access-log')
    const [, port] = await serve.said(/listening {2}127\.0\.0\.1:(\d+) /)
    const ask = async (path: string, body?: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, body === undefined ? {} : { method: 'POST', body })
      return `${answer.status} ${(await answer.text()).trim().replaceAll('\r', '')}`
    }
    expect(await ask('/a')).toBe('200 /a 0')
    expect(await ask('/b', 'x'.repeat(1_000_000))).toBe('200 /b 1000000')
    expect(await ask('/exit')).toMatch(/^502 .*\nWORKER_DIED/)
    expect(await ask('/loop')).toMatch(/^502 .*\nWORKER_DIED/)
    expect(await ask('/c')).toBe('200 /c 0')
    await serve.kill()
    const { output } = serve
    expect(output).toMatch(/printed \/a mount=\/ pid=\d+ request=/)
    expect(output).toMatch(/the app called process\.exit\(3\), in Z:\\.*\\app\.mjs:3/)
    expect(output).toMatch(/WORKER_STUCK .*uri=\/loop.*\r?\n +at default \(file:.*app\.mjs:4:/)
  })

  test('check tells all that Windows has not, with what to write in its place', async () => {
    write('batch.cmd', '')
    write(
      'bad.yaml',
      `listen:
  - { address: 'unix:run/shop.sock', mode: '0600', owner: root }
  - fd:3
  - 'systemd:'
mounts:
  /a: { upstream: 'fastcgi://unix:/run/php.sock' }
  /b: { run: '.\\batch.cmd $PORT', speaks: http }
  /B: { respond: 204 }
`,
    )
    const [code, output] = await run('check', '--config', 'bad.yaml')
    const told = [...output.matchAll(/^sidegate: bad\.yaml:\d+: (\S+): .*?(?:write (.*?))? ?\[(\w+)\]/gm)]
    expect(told.map(([, path, advice, why]) => [path, why, advice]).toSorted()).toEqual(
      [
        ['listen.0.address', 'ADDRESS_SYSTEM', 'pipe:shop or HOST:PORT'],
        ['listen.0.mode', 'ADDRESS_SYSTEM', undefined],
        ['listen.0.owner', 'ADDRESS_SYSTEM', undefined],
        ['listen.1.address', 'ADDRESS_SYSTEM', 'pipe:NAME or HOST:PORT'],
        ['listen.2.address', 'ADDRESS_SYSTEM', 'pipe:NAME or HOST:PORT'],
        ['mounts./B', 'MOUNT_TWICE', undefined],
        ['mounts./a.upstream', 'ADDRESS_SYSTEM', 'pipe:php or HOST:PORT'],
        ['mounts./b.run', 'RUN_SPAWN', String.raw`cmd.exe /d /c .\batch.cmd, or name the program that it starts`],
      ].toSorted(),
    )
    expect(code).toBe(1)
  })

  test('a service is made of the wrapper, its settings and three commands', async () => {
    write('sidegate.config.json', '{ "mounts": { "/": { "respond": 204 } } }')
    write('WinSW.exe', '')
    const [code, output] = await run('service', 'install', '--wrapper', 'WinSW.exe', '--name', 'Shop', '--dry-run')
    const home = windowsPath(folder.path)
    expect(output.replaceAll('\r', '').split('\n')).toEqual(
      expect.arrayContaining([
        `${home}\\sidegate-service\\Shop.exe: a copy of ${home}\\WinSW.exe`,
        `  <executable>${windowsPath(nodeExe(NODE_VERSIONS[0]))}</executable>`,
        `  <arguments>"${windowsPath(MAIN)}" "serve" "--config" "${home}\\sidegate.config.json"</arguments>`,
        '  <stoptimeout>45 sec</stoptimeout>',
        `${home}\\sidegate-service\\Shop.exe install`,
        'sc.exe config Shop obj= "NT SERVICE\\Shop"',
        `icacls.exe ${home}\\sidegate-service\\logs /grant "NT SERVICE\\Shop:(OI)(CI)M"`,
      ]),
    )
    expect([code, existsSync(place('sidegate-service'))]).toEqual([0, false])
  })

  test('and is taken out again, whether it ran or not', async () => {
    const system = async (...words: string[]): Promise<number | null> => new WindowsProgram(words).exited
    const key = String.raw`HKLM\System\CurrentControlSet\Services\SidegateTest`
    expect(await system('sc.exe', 'create', 'SidegateTest', 'binPath=', 'cmd.exe')).toBe(0)
    expect(await system('reg.exe', 'query', key)).toBe(0)
    mkdirSync(place('sidegate-service'))
    write('sidegate-service/SidegateTest.exe', '')
    expect((await run('service', 'uninstall', '--name', 'SidegateTest'))[0]).toBe(0)
    expect(await system('reg.exe', 'query', key)).toBe(1)
    expect(existsSync(place('sidegate-service/SidegateTest.exe'))).toBe(false)
  })

  test('its wrapper is started for real', async () => {
    // A program that runs the file whose name it is given, as node.exe does, and so can stand in for the wrapper.
    copyFileSync(nodeExe(NODE_VERSIONS[0]), place('node.exe'))
    write('install.js', `console.log('asked to', require('path').basename(process.argv[1])); process.exit(3)`)
    const [code, output] = await run('service', 'install', '--wrapper', 'node.exe')
    expect(output).toContain('asked to install')
    expect(output).toMatch(/Sidegate\.exe install: it ended with 3.*\[SERVICE_FAILED\]/)
    expect([code, existsSync(place('sidegate-service/Sidegate.xml'))]).toEqual([1, true])
  })
})
