// Variables with which a peer would steer the server behind a mount: a real PHP-FPM, and scripts behind a real fcgiwrap.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { protocols } from '../../sidecar/wire/index.ts'
import { isSteering } from '../../sidecar/connect/steering.ts'
import { accepts, program, stopProcess, temporaryFolder, until } from '../harness.ts'
import { bodyOf, talk, uwsgiRequest } from '../listen/peer.ts'
import { phpFpm, startPhpFpm, type PhpFpm } from './php-fpm.ts'
import { Cleanup, rawUpstream, upstreamGateway, type UpstreamGateway } from './servers.ts'

const folder = temporaryFolder()
const cleanup = new Cleanup()
afterEach(() => cleanup.run())
afterAll(() => folder.remove())

const gateway = async (settings: Record<string, unknown>): Promise<UpstreamGateway> =>
  cleanup.add(await upstreamGateway(settings, { directory: folder.path }), (one) => one.stop())

test.each([
  'PHP_VALUE',
  'PHP_ADMIN_VALUE',
  'PHPRC',
  'FCGI_ROLE',
  'UWSGI_FILE',
  'UWSGI_SCHEME',
  'PATH',
  'Path',
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'DYLD_INSERT_LIBRARIES',
  'BASH_ENV',
  'BASH_FUNC_ls%%',
  'PERL5OPT',
  'PYTHONPATH',
  'RUBYOPT',
  'NODE_OPTIONS',
  'GIT_SSH_COMMAND',
  'GIT_CONFIG_COUNT',
  'http_proxy',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'rack.session',
  'wsgi.input',
  'psgix.session',
  '',
])('%s steers', (name) => {
  expect(isSteering(name)).toBe(true)
})

test.each([
  'REQUEST_METHOD',
  'PATH_INFO',
  'PATH_TRANSLATED',
  'SCRIPT_FILENAME',
  'DOCUMENT_ROOT',
  'REDIRECT_STATUS',
  'REMOTE_USER',
  'HTTPS',
  'HTTP_PATH',
  'HTTP_X.Y',
  'SSL_CLIENT_CERT',
  'SSL_CLIENT_S_DN',
  'LDAP_USER',
  'GIT_PROJECT_ROOT',
  'GIT_HTTP_EXPORT_ALL',
  'PYTHON_ENV',
  'ENVIRONMENT',
  'APP_ENV',
  'MAGE_RUN_CODE',
  'UNIQUE_ID',
  'GEOIP_COUNTRY_CODE',
])('%s is told of a request', (name) => {
  expect(isSteering(name)).toBe(false)
})

test.each(['uwsgi', 'scgi', 'fastcgi'])('%s: only what is allowed leaves the gateway', async (name) => {
  const protocol = protocols.find((one) => one.name === name)!
  let received: Record<string, string> = {}
  const server = cleanup.add(
    await rawUpstream((socket) => {
      const codec = protocol.server({ raw: true })
      socket.on('data', (bytes) => {
        for (const event of codec.receive(bytes)) {
          if (event.type === 'request') received = { ...event.variables }
          if (event.type !== 'end') continue
          socket.end(codec.start(event.id, { status: 200, reason: 'OK', headers: [] }, undefined, true))
        }
      })
    }),
    (one) => one.close(),
  )
  const one = await gateway({ upstream: `${name}://127.0.0.1:${server.port}`, allowVariables: ['PHP_VALUE'] })
  const fields = { HTTP_X_A: '1', 'HTTP_X.A': '2' }
  const more = {
    ...fields,
    PHP_VALUE: 'a=1',
    PHP_ADMIN_VALUE: 'b=1',
    LD_PRELOAD: '/tmp/x.so',
    'rack.session': 'x',
    PATH: '/bin',
  }
  for (let count = 0; count < 2; count++) {
    expect(await talk(one.addresses[0]!, uwsgiRequest('/x', { ...more, APP_ENV: 'test' }))).toContain(' 200 ')
    expect(received).toMatchObject({ PHP_VALUE: 'a=1', APP_ENV: 'test', PATH_INFO: '/x', HTTP_X_A: '1' })
    // PHP would take it for the other one.
    expect(received['HTTP_X.A']).toBe(name === 'fastcgi' ? undefined : '2')
    for (const gone of ['PHP_ADMIN_VALUE', 'LD_PRELOAD', 'rack.session', 'PATH']) expect(received[gone]).toBeUndefined()
  }
  const told = one.log.text.split('\n').filter((line) => line.includes('VARIABLE_STEERS'))
  expect(told.map((line) => /"(\S+)"/.exec(line)?.[1])).toEqual(['PHP_ADMIN_VALUE', 'LD_PRELOAD', 'rack.session'])
})

describe.skipIf(!phpFpm())('PHP-FPM', () => {
  let fpm: PhpFpm
  beforeAll(async () => {
    mkdirSync(join(folder.path, 'site'))
    writeFileSync(join(folder.path, 'evil.php'), '<?php echo "evil ";')
    writeFileSync(
      join(folder.path, 'site/index.php'),
      '<?php echo ini_get("memory_limit"), " ", ini_get("open_basedir");',
    )
    fpm = await startPhpFpm(folder.path, 1, 'php_value[memory_limit] = 77M')
  })
  afterAll(() => fpm.stop())

  const steered = uwsgiRequest('/', {
    PHP_VALUE: `auto_prepend_file=${folder.path}/evil.php`,
    PHP_ADMIN_VALUE: 'memory_limit=99M',
  })

  test.each(['with root', 'without root'])('PHP_VALUE and PHP_ADMIN_VALUE change nothing, %s', async (how) => {
    const root = how === 'with root' ? { root: 'site' } : {}
    const one = await gateway({ upstream: fpm.url, ...root })
    const named = uwsgiRequest('/', {
      SCRIPT_FILENAME: join(folder.path, 'site/index.php'),
      PHP_VALUE: `auto_prepend_file=${folder.path}/evil.php`,
      PHP_ADMIN_VALUE: 'memory_limit=99M',
    })
    // The second time: nothing has stayed with the process.
    for (let count = 0; count < 2; count++) {
      expect(bodyOf(await talk(one.addresses[0]!, named)).trim()).toBe('77M')
    }
  })

  test('a mount that asks for them gets them', async () => {
    const inner = cleanup.add(temporaryFolder(), ({ remove }) => remove())
    const own = cleanup.add(await startPhpFpm(inner.path, 1), (server) => server.stop())
    const one = await gateway({
      upstream: own.url,
      root: 'site',
      allowVariables: ['PHP_VALUE', 'PHP_ADMIN_VALUE'],
    })
    expect(bodyOf(await talk(one.addresses[0]!, steered)).trim()).toBe('evil 99M')
    expect(one.log.text).not.toContain('VARIABLE_STEERS')
  })
})

test.skipIf(!program('fcgiwrap'))('fcgiwrap: the environment of a script is not the peer’s', async () => {
  const path = join(folder.path, 'wrap.sock')
  const child = spawn(program('fcgiwrap')!, ['-f', '-s', `unix:${path}`], { stdio: 'ignore' })
  cleanup.add(child, (process) => stopProcess(process))
  await until('fcgiwrap listens', () => accepts(`unix:${path}`))
  const script = join(folder.path, 'env.sh')
  writeFileSync(script, '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\nenv\n')
  chmodSync(script, 0o755)
  const one = await gateway({ upstream: 'fastcgi://unix:wrap.sock', root: folder.path, split: ['.sh'] })
  const more = { LD_LIBRARY_PATH: '/evil', PERL5OPT: '-Mevil', BASH_ENV: '/evil', APP_ENV: 'test' }
  const environment = bodyOf(await talk(one.addresses[0]!, uwsgiRequest('/env.sh', more)))
  expect(environment).toContain('APP_ENV=test')
  expect(environment).not.toMatch(/evil/)
})
