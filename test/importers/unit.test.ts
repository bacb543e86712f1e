// Configurations of NGINX Unit are imported, and serve what Unit's documentation says of them.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressPattern } from '../../sidecar/importers/unit/addresses.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { Sidegate } from '../cli/sidegate.ts'
import { accepts, until } from '../harness.ts'
import { writeTree } from '../php/folder.ts'
import { phpFpm } from '../upstream/php-fpm.ts'

const { path, write, run } = commandFolder()
const SAMPLES = join(import.meta.dirname, 'unit')
const SHOP = join(import.meta.dirname, 'gunicorn/shop.py')

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
}

function ask(socketPath: string, target: string, { method = 'GET', headers = {} }: Asked = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const fields = { Host: 'shop.test', ...headers }
    const asking = request({ socketPath, method, path: target, headers: fields, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        const { location = '', 'x-served': served = '', etag = '' } = response.headers
        resolve(`${response.statusCode} ${location}${served}${served && etag}|${text}`)
      })
    })
    asking.on('error', reject).end()
  })
}

/** A folder with a sample and what it serves. */
function sample(name: string): string {
  const folder = join(path, name)
  mkdirSync(join(folder, 'www/static'), { recursive: true })
  mkdirSync(join(folder, 'www/files'))
  cpSync(SHOP, join(folder, 'shop.py'))
  writeFileSync(join(folder, 'www/static/a.css'), 'css')
  writeFileSync(join(folder, 'www/files/a.txt'), 'text')
  writeFileSync(
    join(folder, 'app.mjs'),
    "import { createServer } from 'unit-http'\ncreateServer((asked, answer) => answer.end(`node ${asked.url}`)).listen()\n",
  )
  const text = readFileSync(join(SAMPLES, `${name}.json`), 'utf8').replaceAll('FOLDER', folder)
  writeFileSync(join(folder, 'unit.json'), text)
  return folder
}

describe.each(['small', 'middle', 'large'])('the %s sample', (name) => {
  test('the report says what became of each part, and the result is right', async () => {
    const folder = sample(name)
    const imported = run(['import', 'unit', 'unit.json', '-o', 'sidegate.config.yaml'], {}, folder)
    expect((await imported.ended).code).toBe(0)
    await expect(imported.err.replaceAll(folder, 'FOLDER')).toMatchFileSnapshot(join(SAMPLES, `${name}.report.txt`))
    const text = readFileSync(join(folder, 'sidegate.config.yaml'), 'utf8').replaceAll(folder, 'FOLDER')
    await expect(text).toMatchFileSnapshot(join(SAMPLES, `${name}.config.txt`))
    expect(imported.err).not.toContain('s3same')
    const check = run(['check', '-c', 'sidegate.config.yaml', '--no-connect', '--no-listen'], {}, folder)
    expect((await check.ended).code).toBe(0)
  })
})

async function serve(name: string): Promise<{ gateway: Sidegate; socket: string }> {
  const folder = join(path, `serve-${name}`)
  mkdirSync(folder)
  cpSync(join(path, name), folder, { recursive: true })
  const text = readFileSync(join(SAMPLES, `${name}.json`), 'utf8').replaceAll('FOLDER', folder)
  writeFileSync(join(folder, 'unit.json'), text)
  const gateway = new Sidegate(['serve', '--unit', 'unit.json'], folder)
  const socket = join(folder, 'app.sock')
  // It listens once its apps are loaded; what it says then may be in a file.
  await until('the socket', () => accepts(`unix:${socket}`))
  return { gateway, socket }
}

describe('routes by hosts and prefixes', () => {
  let served: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    served = await serve('middle')
  })
  afterAll(() => served.gateway.stop())

  test.each([
    ['/static/a.css', /^200 \|css$/],
    ['/static/none', /^404 /],
    ['/old/page', /^410 \|$/],
    ['/files/a.txt', /^200 \|text$/],
    ['/env/one', /"SCRIPT_NAME":""/],
    ['/env/one', /"PATH_INFO":"\/env\/one"/],
    ['/env/one', /"s3same"/],
    ['/oldest', /^404 .*not found/is],
  ])('%s', async (target, answer) => {
    expect(await ask(served.socket, target)).toMatch(answer)
  })
})

describe('routes by other things, in the order of their steps', () => {
  let served: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    served = await serve('large')
  })
  afterAll(() => served.gateway.stop())

  test.each<[string, Asked, RegExp]>([
    ['/env/one', {}, /"PATH_INFO":"\/env\/one","QUERY_STRING":"","REQUEST_METHOD":"GET","SCRIPT_NAME":""/],
    ['/admin/x', {}, /^403 \|$/],
    ['/admin/x', { headers: { 'X-Forwarded-For': '10.1.2.3' } }, /^404 .*not found/is],
    ['/admin/x', { headers: { 'X-Forwarded-For': '11.1.2.3' } }, /^403 \|$/],
    ['/x', { method: 'POST' }, /^405 \|$/],
    ['/post', { method: 'POST' }, /^201 /],
    ['/env/x', { headers: { 'X-One': 'Blocked' } }, /^418 /],
    ['/env/x', { headers: { 'X-One': 'other' } }, /^200 .*"HTTP_X_ONE":"other"/],
    ['/env/x?a=1&go=there', {}, /^302 \/env\/there\|/],
    ['/env/x?go=thereafter', {}, /^200 /],
    ['/files/a.txt', {}, /^200 unit\|text$/],
    ['/files/A.txt', {}, /^404 .*not found/is],
    ['/', { headers: { Host: 'www.blog.test:80' } }, /^503 /],
    ['/', { headers: { Host: 'blog.test.org' } }, /^200 /],
    ['/renamed/it', {}, /"PATH_INFO":"\/env\/renamed\/it"/],
    ['/secret/x', {}, /^503 /],
    ['/java/x', {}, /^503 /],
    ['/node', {}, /^200 \|node \/node$/],
    ['/node/a?b=1', {}, /^200 \|node \/node\/a\?b=1$/],
    ['/nodes', {}, /^404 .*not found/is],
    ['/.unit/node/x', {}, /^404 .*not found/is],
    ['/%2eunit/node/x', {}, /^404 .*not found/is],
    ['/x/../.unit/node/x', {}, /^404 .*not found/is],
  ])('%s %j', async (target, asked, answer) => {
    expect(await ask(served.socket, target, asked)).toMatch(answer)
  })
})

/** As Unit's documentation has it for such apps: scripts by their names, files as they are, one script for the rest. */
describe.skipIf(!phpFpm())('an app in PHP', () => {
  const folder = join(path, 'php')
  const SHOW = `<?php echo json_encode([$_SERVER['SCRIPT_NAME'], $_SERVER['PATH_INFO'] ?? '', $_SERVER['REQUEST_URI'], $_GET, getenv('APP'),
    ini_get('memory_limit'), ini_get('display_errors'), ini_set('memory_limit', '1M')]);`
  let gateway: Sidegate
  beforeAll(async () => {
    writeTree(join(folder, 'www'), {
      'index.php': SHOW,
      'info.php': SHOW,
      'style.css': 'css',
      '.secret': 'no',
      'slow.php': '<?php sleep(9);',
    })
    const scripts = { match: { uri: ['*.php', '*.php/*'] }, action: { pass: 'applications/blog/direct' } }
    const rest = { action: { share: `${folder}/www$uri`, fallback: { pass: 'applications/blog/index' } } }
    const blog = {
      type: 'php',
      environment: { APP: 'yes' },
      limits: { timeout: 1, requests: 100 },
      processes: { max: 2, spare: 1 },
      options: { admin: { memory_limit: '64M' }, user: { display_errors: '0' } },
      targets: { direct: { root: `${folder}/www` }, index: { root: `${folder}/www`, script: 'index.php' } },
    }
    const listeners = { [`unix:${folder}/app.sock`]: { pass: 'routes' } }
    writeFileSync(
      join(folder, 'unit.json'),
      JSON.stringify({ listeners, routes: [scripts, rest], applications: { blog } }),
    )
    gateway = new Sidegate(['serve', '--unit', 'unit.json'], folder)
    await until('the socket', () => accepts(`unix:${folder}/app.sock`))
  })
  afterAll(() => gateway.stop())

  test.each([
    ['/info.php/a%20b?x=1', ['/info.php', '/a b', '/info.php/a%20b?x=1', { x: '1' }, 'yes', '64M', '0', false]],
    ['/', ['/index.php', '', '/', [], 'yes', '64M', '0', false]],
    ['/pretty/path', ['/index.php', '', '/pretty/path', [], 'yes', '64M', '0', false]],
  ])('%s is answered by its script', async (target, shown) => {
    const answer = await ask(join(folder, 'app.sock'), target)
    expect(JSON.parse(answer.replace(/^200 \|/, ''))).toEqual(shown)
  })

  test.each([
    ['/style.css', /^200 \|css$/],
    ['/.secret', /^404 /],
    ['/none.php', /^404 /],
    ['/slow.php', /^502 /],
  ])('%s', async (target, answer) => {
    expect(await ask(join(folder, 'app.sock'), target)).toMatch(answer)
  })
})

test('one that runs is asked by its control socket', async () => {
  const config = readFileSync(join(SAMPLES, 'small.json'), 'utf8').replaceAll('FOLDER', path)
  const asked: unknown[] = []
  const control = createServer((wanted, answer) => {
    asked.push(`${wanted.method} ${wanted.url}`)
    answer.end(config)
  })
  await new Promise<void>((resolve) => control.listen(join(path, 'control.sock'), resolve))
  try {
    for (const file of ['control.sock', `unix:${path}/control.sock`]) {
      const one = run(['import', 'unit', file])
      expect((await one.ended).code).toBe(0)
      expect(one.err).toMatch(/\/config\/applications\/shop\/module: module: "shop" → mounts\.\/\.python/)
      expect(one.out).toMatch(/python: shop:app\n/)
    }
  } finally {
    control.close()
  }
  expect(asked).toEqual(['GET /config', 'GET /config'])
  const missing = run(['import', 'unit', 'unix:nobody.sock'])
  expect((await missing.ended).code).toBe(1)
  expect(missing.err).toMatch(/the control API does not answer: .*ENOENT.* \[IMPORT_MISSING\]/)
})

test.each([
  ['{\n  "listeners": {,}\n}', /bad\.json:2: .*JSON/],
  ['[]', /bad\.json: it is no configuration of Unit/],
  ['{"listeners": {}}', /bad\.json: it has no listeners/],
  ['{"listeners": {},\n "routes": [],\n "routes": []}', /bad\.json:3: a member of this name is there already/],
  [`{"a": ${'['.repeat(200)}${']'.repeat(200)}}`, /bad\.json: it has more than 100 groups and lists in one another/],
])('what cannot be read says why: %s', async (text, message) => {
  write('bad.json', text)
  const one = run(['import', 'unit', 'bad.json'])
  expect((await one.ended).code).toBe(1)
  expect(one.err).toMatch(message)
})

test('an app of ASGI is one here, too', async () => {
  const app = { type: 'python 3', protocol: 'asgi', module: 'shop', path: path, threads: 4 }
  write('asgi.json', JSON.stringify({ listeners: { '*:80': { pass: 'applications/a' } }, applications: { a: app } }))
  const one = run(['import', 'unit', 'asgi.json'])
  expect((await one.ended).code).toBe(0)
  expect(one.out).toMatch(/asgi: shop:application\n/)
  expect(one.err).toMatch(/threads: 4: an ASGI app has its event loop/)
})

test('a listener behind the file is the one that is imported; one with TLS moves', async () => {
  const away = [{ action: { return: 301, location: 'https://$host$request_uri' } }]
  const listeners = { '*:443': { pass: 'routes/main', tls: { certificate: 'site' } }, '*:80': { pass: 'routes/away' } }
  write('two.json', JSON.stringify({ listeners, routes: { main: [{ action: { return: 204 } }], away } }))
  const both = run(['import', 'unit', 'two.json'])
  expect((await both.ended).code).toBe(0)
  expect(both.out).toMatch(/address: http:\/\/127\.0\.0\.1:10443\n/)
  expect(both.err).toMatch(/\*:80: it leads elsewhere than \*:443/)
  const one = run(['import', 'unit', 'two.json', '*:80'])
  expect((await one.ended).code).toBe(0)
  expect(one.out).toMatch(/address: http:\/\/0\.0\.0\.0:80\n/)
  expect(one.out).toMatch(/scheme: https\n/)
})

test.each([
  ['10.0.0.0/8', ['10.0.0.1', '10.255.255.255'], ['11.0.0.1', '110.0.0.1']],
  ['172.16.0.0/12', ['172.16.0.0', '172.31.255.1'], ['172.15.0.1', '172.32.0.1']],
  ['192.168.1.128/25', ['192.168.1.128', '192.168.1.255'], ['192.168.1.127', '192.168.2.128']],
  ['10.0.0.5-10.0.0.120', ['10.0.0.5', '10.0.0.99', '10.0.0.120'], ['10.0.0.4', '10.0.0.121']],
  ['0.0.0.0/0', ['1.2.3.4'], ['::1']],
  ['::1', ['::1'], ['::11']],
  ['unix', [''], ['127.0.0.1']],
])('clients from %s', (text, inside, outside) => {
  const pattern = new RegExp(addressPattern(text))
  expect(inside.filter((one) => !pattern.test(one))).toEqual([])
  expect(outside.filter((one) => pattern.test(one))).toEqual([])
})

test.each([
  [
    'routes',
    [{ match: { uri: '/a*' }, action: { pass: 'routes' } }, { action: { return: 200 } }],
    /it leads in a circle/,
  ],
  ['applications/$host', [], /pass applications\/\$host depends on the request.*503/],
  ['routes', [], /1 carried over, 0 changed, 0 not carried over/],
])('a listener that passes to %s: what leads nowhere is told, and the result is right', async (pass, routes, told) => {
  write('nowhere.json', JSON.stringify({ listeners: { '127.0.0.1:1': { pass } }, routes }))
  const one = run(['import', 'unit', 'nowhere.json'])
  expect((await one.ended).code).toBe(0)
  expect(one.err).toMatch(told)
  expect(one.out.length).toBeLessThan(2000)
  write('nowhere.yaml', one.out)
  expect((await run(['check', '-c', 'nowhere.yaml', '--no-listen']).ended).code).toBe(0)
})
