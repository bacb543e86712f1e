// The files beside scripts that IIS is told to send itself. No IIS can run here: its rules are read as the documentation of URL Rewrite has them.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { PlugInput } from '../../plugin/host.ts'
import { iis } from '../../plugin/iis/host.ts'
import { plugInput } from '../../sidecar/cli/announce.ts'
import { fromCommandLine } from '../../sidecar/config/source.ts'
import { validateConfig } from '../../sidecar/config/validate.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { temporaryFolder } from '../harness.ts'
import { ATTACKS } from '../php/attacks.ts'
import { writeTree } from '../php/folder.ts'
import { all, read, type Element } from './xml.ts'

const SECRET = 'hunter2'
const folder = temporaryFolder()
afterAll(() => folder.remove())
writeTree(folder.path, {
  'wp/index.php': SECRET,
  'wp/wp-load.php': '',
  'wp/wp-includes/version.php': '',
  'wp/style.css': 'body {}',
  'wp/img/a.b.png': 'png',
  'wp/img/a b.png': 'png',
  'wp/readme.html': SECRET,
  'wp/.env': SECRET,
  'wp/.git/x.css': SECRET,
  'wp/wp-config.css': SECRET,
  'wp/private/a.css': SECRET,
  'wp/lib/b.css': 'b {}',
  'wp/link.css': '->style.css',
  'wp/linked': '->lib',
  'wp/api/x.css': SECRET,
  'wp/style.css.bak': SECRET,
  'wp/stylé.css': 'accent',
  'out.css': SECRET,
})

async function inputOf(data: object): Promise<PlugInput> {
  const all = { listen: ['pipe:shop'], ...data }
  const { config, problems } = await validateConfig(fromCommandLine(all, folder.path), kinds, folder.path)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  return plugInput(config, config.listen)
}

const settings = { php: 'wp', closed: ['/private/'], processes: 1 }
const input = await inputOf({
  mounts: { '/': settings, '/my (blog)': settings, '/api': { respond: 200 }, '/my (blog)/api': { respond: 200 } },
})
const config = read(iis.render(input, { part: 'static.web.config' }))

/** What the rules make of a request: another URL, a status, or the request as it is. `path` as IIS has decoded it. */
function rewritten(path: string, method = 'GET'): string | number {
  const url = path.slice(1)
  for (const rule of all(config, 'rule')) {
    const [match] = all(rule, 'match')
    const found = expression(match!, 'url').exec(url)
    if (!found) continue
    const insert = (text: string): string =>
      text.replace('{REQUEST_METHOD}', method).replace(/\{R:(\d)\}/g, (_, n: string) => found[Number(n)] ?? '')
    const holds = (condition: Element): boolean => {
      const value = insert(condition.attributes.input!)
      const file = value.replaceAll('\\', '/')
      const is =
        condition.attributes.matchType === 'IsFile'
          ? existsSync(file) && statSync(file).isFile()
          : expression(condition, 'pattern').test(value)
      return is !== (condition.attributes.negate === 'true')
    }
    if (!all(rule, 'conditions').every(({ children }) => children.every(holds))) continue
    const { type, url: target, statusCode } = all(rule, 'action')[0]!.attributes
    expect(rule.attributes.stopProcessing).toBe('true')
    return type === 'CustomResponse' ? Number(statusCode) : insert(target!)
  }
  return 'Sidegate'
}

/** Letters of either case, unless it says otherwise. */
function expression({ attributes }: Element, name: string): RegExp {
  return new RegExp(attributes[name]!, attributes.ignoreCase === 'false' ? '' : 'i')
}

/** With the longest prefix first, as the rules are. */
const MOUNTS = [
  ['/my (blog)', 'sidegate-files-1'],
  ['', 'sidegate-files-2'],
] as const

test.each(MOUNTS)('%s: files that are there lead to a virtual directory of the folder', (prefix, place) => {
  for (const path of ['/style.css', '/img/a.b.png', '/lib/b.css']) {
    expect(rewritten(prefix + path)).toBe(`${place}${path}`)
    expect(rewritten(prefix + path, 'HEAD')).toBe(`${place}${path}`)
  }
  const location = all(config, 'location').find(({ attributes }) => attributes.path === place)!
  const masks = all(location, 'add').map(({ attributes }) => [attributes.path, attributes.modules])
  expect(masks).toContainEqual(['*.css', 'StaticFileModule'])
  for (const [path] of masks) expect(path).toMatch(/^\*\.[a-z0-9]+$/)
  expect(all(location, 'clientCache')[0]!.attributes.cacheControlMaxAge).toBe('0.00:00:00')
  const installer = iis.render(input, { part: 'install.ps1' })
  expect(installer).toContain(
    `-Site $Site -Name '${place}' -PhysicalPath '${join(folder.path, 'wp')}' | Out-Null\n  }\n` +
      `  Set-ItemProperty "IIS:\\Sites\\$Site\\${place}" -Name allowSubDirConfig -Value $false\n`,
  )
  expect(iis.render(input, { part: 'uninstall.ps1' })).toContain(
    `Remove-WebVirtualDirectory -Site $Site -Application / -Name '${place}'`,
  )
})

test.each(MOUNTS)('%s: Sidegate is asked for all else', (prefix) => {
  const paths =
    '/ /index.php /index.php/x.css /none.css /readme.html /link.css /linked/b.css /.git/x.css /wp-config.css /WP-CONFIG.css /private/a.css ' +
    '/PRIVATE/a.css /private./a.css /private/A.CSS /api/x.css /API/x.css //style.css /./style.css /lib/../style.css /style.css/ /style.css. ' +
    '/style.css.bak /style.css::$DATA /STYLE~1.css /lib\\b.css /img/a b.png /style.css%20 /out.css /../out.css /img'
  for (const path of [
    ...paths.split(' '),
    '/stylé.css',
    '/style.css ',
    '/private /a.css',
    '/style.css\0',
    '/style.css\n',
  ]) {
    expect([path, rewritten(prefix + path)]).toEqual([path, 'Sidegate'])
  }
  for (const method of ['POST', 'OPTIONS', 'get']) expect(rewritten(`${prefix}/style.css`, method)).toBe('Sidegate')
  expect(rewritten('/MY (BLOG)/style.css')).toBe('Sidegate')
})

test.each(MOUNTS)('%s: no way of writing a path leads to a source', (prefix, place) => {
  for (const attack of ATTACKS) {
    const once = attack.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)))
    for (const path of [attack, once, once.replaceAll('\\', '/'), once.replace(/\/{2,}/g, '/')]) {
      const target = rewritten(prefix + path)
      if (typeof target !== 'string' || !target.startsWith(place)) continue
      expect([path, readFileSync(join(folder.path, 'wp', target.slice(place.length)), 'utf8')]).not.toContain(SECRET)
    }
  }
})

test('nobody asks for the virtual directories', () => {
  for (const path of [
    '/sidegate-files-1/style.css',
    '//SIDEGATE-FILES-2/x',
    '/x\\sidegate-files-1/style.css',
    '/sidegate-files-1',
  ])
    expect(rewritten(path)).toBe(404)
})

test('web.config says that there is another one; where it would be for nothing there is none', async () => {
  expect(iis.render(input, { part: 'web.config' })).toContain('of which IIS can send static files itself')
  expect(all(read(iis.render(input, { part: 'web.config' })), 'rule')).toEqual([])
  expect(iis.render(input)).toContain('==== static.web.config ====')
  const hosted = await inputOf({ mounts: { '/': settings, 'a.example': { respond: 200 } } })
  expect(iis.render(hosted, { part: 'web.config' })).toContain(
    '<!-- /: php, whose static files Sidegate sends too: IIS could not be told what is not handed out. -->',
  )
  expect(iis.render(hosted)).not.toContain('static.web.config')
  expect(() => iis.render(hosted, { part: 'static.web.config' })).toThrow(
    expect.objectContaining({ code: 'PLUG_PART', message: expect.stringMatching(/static files beside scripts/) }),
  )
})
