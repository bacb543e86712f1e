// What `sidegate plug iis` writes: files that an XML reader takes, which say the same of one application, and which name what is mounted.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { PlugInput } from '../../plugin/host.ts'
import { examine, type Machine } from '../../plugin/iis/examine.ts'
import { example } from '../../plugin/iis/example.ts'
import { iis } from '../../plugin/iis/host.ts'
import { filesFor } from '../../plugin/iis/render.ts'
import { commandLine } from '../../plugin/iis/plan.ts'
import { MAIN } from '../built.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { all, read } from './xml.ts'

/** Of the example, which has no static files beside scripts. */
const partNames = [...filesFor(example).keys()]
const folder = new URL('../../configs/iis/', import.meta.url)
const checked = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

const odd: PlugInput = {
  directory: String.raw`D:\Web & "more"\it's 100% <x>`,
  listeners: [{ address: 'uwsgi://127.0.0.1:1' }, { address: '127.0.0.1:9000' }],
  mounts: [{ key: '/', kind: 'app' }],
}

test.each(partNames)('configs/iis/%s is what render writes', (part) => {
  expect(checked(part)).toBe(iis.render(example, { part }))
})

test('there is nothing else but a README, which lists them', () => {
  expect(readdirSync(folder).toSorted()).toEqual(['README.md', ...partNames].toSorted())
  for (const name of partNames) expect(checked('README.md')).toContain(`\`${name}\``)
  for (const name of partNames) expect(iis.render(example)).toContain(`==== ${name} ====\n\n${checked(name)}`)
})

describe.each([
  ['the example', example],
  ['odd names', odd],
])('%s', (_, input) => {
  const part = (name: string): string => iis.render(input, { part: name })
  const [registered] = all(read(part('applicationHost.config')), 'application')
  const { fullPath, arguments: words } = registered!.attributes

  test('web.config names the application to the letter, first of its handlers', () => {
    const [handlers] = all(read(part('web.config')), 'handlers')
    const [clear, add, ...rest] = handlers!.children
    expect([clear!.name, rest.length]).toEqual(['clear', 0])
    expect(add!.attributes).toMatchObject({ path: '*', verb: '*', modules: 'FastCgiModule', responseBufferLimit: '0' })
    expect(add!.attributes.scriptProcessor).toBe(`${fullPath}|${words}`)
  })

  test('every limit is set, the same everywhere', () => {
    const names = Object.keys(registered!.attributes)
    expect(names.toSorted()).toEqual(
      (
        'activityTimeout arguments flushNamedPipe fullPath idleTimeout instanceMaxRequests maxInstances monitorChangesTo protocol ' +
        'queueLength rapidFailsPerMinute requestTimeout signalBeforeTerminateSeconds stderrMode'
      ).split(' '),
    )
    for (const name of names) {
      const value = registered!.attributes[name]!
      if (name === 'fullPath' || name === 'arguments') continue
      expect(part('install.ps1')).toContain(`    ${name} = '${value}'\n`)
      expect(part('appcmd.cmd')).toContain(value === '' ? 'appcmd' : `${name}='${value}'`)
    }
  })

  test('the files by HTTP can be read too', () => {
    expect(all(read(part('platform.web.config')), 'httpPlatform')[0]!.attributes.processPath).toBe(fullPath)
    expect(all(read(part('arr.web.config')), 'action')[0]!.attributes.type).toBe('Rewrite')
  })
})

test('folders that are left to IIS are virtual directories with handlers of their own', () => {
  const [location] = all(read(checked('web.config')), 'location')
  expect(location!.attributes.path).toBe('static')
  expect(all(location!, 'add')[0]!.attributes.modules).toBe('StaticFileModule,DefaultDocumentModule')
  expect(checked('install.ps1')).toContain(
    String.raw`New-WebVirtualDirectory -Site $Site -Name 'static' -PhysicalPath 'C:\srv\site\public'`,
  )
  expect(checked('uninstall.ps1')).toContain("Remove-WebVirtualDirectory -Site $Site -Application / -Name 'static'")
})

test('the way to Sidegate: a pipe, then a port of this machine, then serve on the pipe of IIS', () => {
  const words = (...addresses: string[]): string => {
    const input = { ...example, listeners: addresses.map((address) => ({ address })) }
    return all(read(iis.render(input, { part: 'applicationHost.config' })), 'application')[0]!.attributes.arguments!
  }
  expect(words('127.0.0.1:9000', 'pipe:shop')).toContain('handler.js pipe:shop ')
  expect(words('http://127.0.0.1:80', 'fastcgi://127.0.0.1:9000')).toContain('handler.js 127.0.0.1:9000 ')
  expect(words('stdin:')).toMatch(
    /main\.js serve --config C:\\srv\\site\\sidegate\.config\.ts --log-file C:\\srv\\site\\logs\\/,
  )
  for (const address of ['http://127.0.0.1:80', 'unix:/run/s.sock', 'fastcgi://10.0.0.1:9000']) {
    expect(() => words(address)).toThrow(expect.objectContaining({ code: 'PLUG_LISTENER' }))
  }
})

test('what it has not is refused', () => {
  expect(() => iis.render(example, { protocol: 'uwsgi' })).toThrow(expect.objectContaining({ code: 'PLUG_PROTOCOL' }))
  expect(() => iis.render(example, { part: 'nginx.conf' })).toThrow(expect.objectContaining({ code: 'PLUG_PART' }))
  const broken = { ...example, directory: 'C:\\a\nb' }
  expect(() => iis.render(broken, { part: 'web.config' })).toThrow(expect.objectContaining({ code: 'PLUG_NAME' }))
})

test('a folder of any name is one literal in PowerShell, and one word in a command file', () => {
  const input: PlugInput = { ...odd, directory: String.raw`D:\Jean’s ‘site’ & calc ^ (1) 100%` }
  const install = iis.render(input, { part: 'install.ps1' })
  expect(install).toContain(String.raw`$folder = 'D:\Jean’’s ‘‘site’’ & calc ^ (1) 100%'`)
  expect(iis.render(input, { part: 'uninstall.ps1' })).not.toMatch(/@arguments='/)
  const line = /^%appcmd% set config \/section:system.webServer\/fastCgi (.*)$/m.exec(
    iis.render(input, { part: 'appcmd.cmd' }),
  )![1]!
  // As cmd.exe reads it: outside of quotes nothing that means something to it is left.
  let quoted = false
  let outside = ''
  for (const [letter] of line.replaceAll('%%', '').matchAll(/\^.|./g)) {
    if (letter === '"') quoted = !quoted
    else if (!quoted && letter.length === 1) outside += letter
  }
  expect(quoted).toBe(false)
  expect(outside).not.toMatch(/[%&|<>^()]/)
})

test('words of a command line, as CommandLineToArgvW takes them apart', () => {
  expect(commandLine(['a', String.raw`C:\x y`, 'say "x"', 'end \\', 'the end\\', ''])).toBe(
    String.raw`a "C:\x y" "say \"x\"" "end \\" "the end\\" ""`,
  )
})

describe('check --host iis', () => {
  const inetsrv = String.raw`C:\Windows\System32\inetsrv`
  const config = String.raw`${inetsrv}\config\applicationHost.config`
  const web = String.raw`C:\srv\site\web.config`
  const node = String.raw`C:\Program Files\nodejs\node.exe`
  const files: Record<string, string> = {
    [String.raw`${inetsrv}\appcmd.exe`]: '',
    [String.raw`${inetsrv}\iisfcgi.dll`]: '',
    [config]: checked('applicationHost.config'),
    [web]: checked('web.config'),
    [node]: '',
    [String.raw`C:\srv\site\node_modules\sidegate\dist\plugin\iis\handler.js`]: '',
    [String.raw`C:\srv\site`]: '',
  }
  const machine = (
    own: Record<string, string | undefined> = {},
    rights = String.raw`BUILTIN\Users:(I)(RX)`,
  ): Machine => {
    const there = { ...files, ...own }
    return {
      platform: 'win32',
      windows: String.raw`C:\Windows`,
      exists: (path) => there[path] !== undefined,
      read: (path) => there[path],
      run: async (_, [path]) => `${path} ${rights}`,
    }
  }

  test('all is right', async () => {
    expect(await examine(example, machine())).toEqual([])
    expect(await examine(example, { ...machine(), platform: 'linux' })).toEqual([])
  })

  test.each<[string, Record<string, string | undefined>, RegExp]>([
    ['no IIS', { [String.raw`${inetsrv}\appcmd.exe`]: undefined }, /^IIS is not installed/],
    ['no CGI feature', { [String.raw`${inetsrv}\iisfcgi.dll`]: undefined }, /Install-WindowsFeature Web-CGI/],
    ['not registered', { [config]: '<fastCgi></fastCgi>' }, /no FastCGI application is registered.*0x80070585/],
    [
      'registered otherwise',
      { [config]: files[config]!.replace(' --start', '') },
      /no FastCGI application is registered/,
    ],
    ['no right to look', { [config]: undefined }, /run check as administrator/],
    ['another web.config', { [web]: '<handlers></handlers>' }, /no handler with scriptProcessor/],
    [
      'another web.config in the folder of the site',
      { [String.raw`C:\srv\site\web\web.config`]: '<handlers></handlers>' },
      /web\.config in C:\\srv\\site\\web has no handler/,
    ],
    [
      'another handler before ours',
      { [web]: files[web]!.replace('<add name="sidegate"', '<add name="other" path="*" /><add name="sidegate"') },
      /another handler stands before/,
    ],
    ['no node.exe', { [node]: undefined }, /node\.exe is not there/],
  ])('%s', async (__, own, message) => {
    const problem = { code: 'HOST_SETUP', message: expect.stringMatching(message) }
    expect(await examine(example, machine(own))).toMatchObject([problem])
  })

  test('rights', async () => {
    const found = await examine(example, machine({}, String.raw`WIN\kim:(F)`))
    expect(found).toHaveLength(2)
    for (const { message } of found) expect(message).toMatch(/no application pool may read .*0x80070005/)
  })
})

describe('the command', () => {
  const command = commandFolder()

  test('prints all, or one of them; check tells what IIS cannot reach', async () => {
    const target = ['respond:204', '--listen', '127.0.0.1:9000']
    const one = await command.run(['plug', 'iis', ...target, '--part', 'web.config']).ended
    expect(read(one.out).name).toBe('configuration')
    const wrong = await command.run(['plug', 'iis', ...target, '--part', 'x']).ended
    expect(wrong.err).toContain('[PLUG_PART]')
    const check = await command.run(['check', 'respond:204', '--host', 'iis', '--listen', 'http://127.0.0.1:0']).ended
    expect(check.code).toBe(1)
    expect(check.err).toContain('no listener takes fastcgi where the handler for IIS can connect')
  })

  test('serve listens where HttpPlatformHandler says, and believes it', async () => {
    const say = 'response.end(`${request.socket.remoteAddress} ${request.headers.host}`)'
    command.write('say.mjs', `export default (request, response) => ${say}`)
    const serve = command.run(['serve', 'node:./say.mjs'], { HTTP_PLATFORM_PORT: '0' })
    const port = await serve.port()
    const headers = { 'X-Forwarded-For': '192.0.2.7', 'X-Forwarded-Host': 'evil.example' }
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers })
    // It writes the address of the client; the other one may be of the client's own making.
    expect(await answer.text()).toBe(`192.0.2.7 127.0.0.1:${port}`)
    const wrong = await command.run(['serve', 'node:./say.mjs'], { HTTP_PLATFORM_PORT: 'x' }).ended
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('HTTP_PLATFORM_PORT is "x"') })
  })
})

test('the handler stands where the files say', () => {
  expect(checked('web.config')).toContain(String.raw`\sidegate\dist\plugin\iis\handler.js`)
  expect(readFileSync(join(MAIN, '../../plugin/iis/handler.js'), 'utf8')).toContain('openStandardInput')
})
