// The configs that `sidegate plug nginx` writes, and what nginx itself says of them.
import { describe, expect, test } from 'vitest'
import type { PlugInput } from '../../plugin/host.ts'
import { brief } from '../../plugin/nginx/brief.ts'
import { check } from '../../plugin/nginx/check.ts'
import { example, filesOf } from '../../plugin/example.ts'
import { nginx } from '../../plugin/nginx/host.ts'
import { render } from '../../plugin/nginx/render.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import type { ServedFolder } from '../../sidecar/served-folder.ts'
import { nginx as startNginx, program } from '../harness.ts'

function input(listeners: string[], mounts: [key: string, kind: string, folder?: Partial<ServedFolder>][]): PlugInput {
  return {
    directory: '/srv/site',
    listeners: listeners.map((address) => ({ address })),
    mounts: mounts.map(([key, kind, some]) => ({
      key,
      kind,
      hasWorkers: kinds.find((known) => known.kind === kind)?.hasWorkers,
      folder: some && { path: '/', index: ['index.html'], maxAge: 0, dotfiles: false, followSymlinks: false, ...some },
    })),
  }
}

describe('render', () => {
  test('no key is sent twice, and no setting is given twice in one block', () => {
    for (const options of Object.values(filesOf(nginx))) {
      const text = render(example, options)
      const blocks = text.split(/[{}]/)
      for (const block of blocks) {
        const lines = block.match(/^\s*(?:\w+_param \w+|\w+_set_header \S+|\w+_buffering|\w+_timeout)/gm) ?? []
        // A snippet's settings stand in the virtual host's block and once more for the reader's own server.
        expect(new Set(lines.map((line) => line.trim())).size).toBe(lines.length)
      }
    }
  })

  test.each([
    ['unix:/run/s.sock', 'uwsgi', 'uwsgi_pass unix:/run/s.sock;'],
    ['unix:run/s.sock', 'uwsgi', 'uwsgi_pass unix:/srv/site/run/s.sock;'],
    ['unix:/run/a b.sock', 'uwsgi', 'uwsgi_pass "unix:/run/a b.sock";'],
    ['127.0.0.1:3031', 'uwsgi', 'uwsgi_pass 127.0.0.1:3031;'],
    ['uwsgi://0.0.0.0:3031', 'uwsgi', 'uwsgi_pass 127.0.0.1:3031;'],
    ['uwsgi://[::]:3031', 'uwsgi', 'uwsgi_pass [::1]:3031;'],
    ['http://127.0.0.1:8000', 'http', 'server 127.0.0.1:8000;'],
    ['unix:/run/s.sock', 'fastcgi', 'server unix:/run/s.sock;'],
    ['unix:/run/s.sock', 'scgi', 'scgi_pass unix:/run/s.sock;'],
  ])('%s by %s', (address, protocol, line) => {
    expect(render(input([address], [['/', 'app']]), { protocol })).toContain(line)
  })

  test.each([
    ['unix:/run/s.sock', 'uwsgi', 2],
    ['unix:/run/s.sock', 'scgi', 2],
    ['unix:/run/s.sock', 'fastcgi', 0],
    ['unix:/run/s.sock', 'http', 0],
    ['127.0.0.1:3031', 'uwsgi', 0],
    ['127.0.0.1:3031', 'scgi', 0],
  ])(
    '%s by %s: each mount says where a response that breaks off looks complete, and what to do',
    (address, protocol, times) => {
      const mounts = input(
        [address],
        [
          ['/', 'app'],
          ['/shop', 'python'],
        ],
      )
      const said = [...render(mounts, { protocol }).matchAll(/(?:^ *#.*\n)+(?=(?:.*\n){0,4}.*_pass )/gm)].filter(
        ([comment]) => /Unix socket.*breaks off[^]*127\.0\.0\.1:3031[^]*--protocol fastcgi/.test(comment),
      )
      expect(said).toHaveLength(times)
    },
  )

  test('the socket is preferred, and a listener of another protocol passed over', () => {
    const text = render(input(['http://unix:/run/http.sock', '127.0.0.1:1', 'unix:/run/any.sock'], [['/', 'app']]))
    expect(text).toContain('uwsgi_pass unix:/run/any.sock;')
  })

  test('a listener that takes the protocol has to be there', () => {
    const only = input(['http://127.0.0.1:8000', 'fd:3'], [['/', 'app']])
    expect(() => render(only, { protocol: 'uwsgi' })).toThrow(
      expect.objectContaining({ code: 'PLUG_LISTENER', message: expect.stringContaining('http://127.0.0.1:8000') }),
    )
    expect(() => render(example, { protocol: 'ajp' })).toThrow(expect.objectContaining({ code: 'PLUG_PROTOCOL' }))
  })

  test('without a protocol named, it is the first that a listener takes', () => {
    const open = input(['0.0.0.0:8000'], [['/', 'app']])
    expect(render(open)).toMatch(/over http to 127\.0\.0\.1:8000[^]*server 127\.0\.0\.1:8000;[^]*proxy_pass http:/)
    expect(brief(open)).toBe('location / { proxy_pass http://127.0.0.1:8000; proxy_set_header Host $http_host; }')
    const proxied = { ...open, listeners: [{ address: '127.0.0.1:8000', proxyProtocol: ['127.0.0.1'] }] }
    expect(render(proxied)).toContain('proxy_pass http:')
    for (const [one, why] of [
      [open, '0.0.0.0:8000, for HTTP only, as others than this machine can connect'],
      [proxied, '127.0.0.1:8000, for HTTP only, as it takes PROXY headers'],
    ] as const) {
      expect(() => render(one, { protocol: 'uwsgi' })).toThrow(
        expect.objectContaining({ code: 'PLUG_LISTENER', message: expect.stringContaining(why) }),
      )
    }
  })

  test('a virtual host has the mounts of every host that it does not hide', () => {
    const text = render(
      input(
        ['unix:/s'],
        [
          ['/shop', 'python'],
          ['/shop/deep', 'app'],
          ['/', 'app'],
          ['a.test/shop', 'node'],
          ['b.test', 'node'],
        ],
      ),
      { full: true },
    )
    const [, , a, b] = text.split(/\bserver \{/)
    expect(a).toContain('server_name a.test;')
    expect(a).toContain('# a.test/shop: node')
    expect(a).toContain('# /: app')
    expect(a).not.toContain('# /shop: python')
    expect(a).not.toContain('/shop/deep')
    expect(b).toContain('# b.test: node')
    expect(b).not.toContain('shop')
  })

  test('what is not mounted is 404, not the first app', () => {
    expect(render(input(['unix:/s'], [['/shop', 'app']]), { full: true })).toMatch(/location \/ \{\s+return 404;/)
  })
})

describe.skipIf(!program('nginx'))('check', () => {
  test.each(nginx.protocols)('nginx accepts the config for %s', async (protocol) => {
    const { result, message } = await check(example, { protocol })
    expect(message).toContain('syntax is ok')
    expect(message).not.toMatch(/\/tmp\/|warn/)
    expect(result).toBe('ok')
  })

  test('one nginx takes the configs of several Sidegates, by several protocols', async () => {
    const places: [address: string, protocol: string][] = [
      ['unix:/run/a.sock', 'http'],
      ['unix:/run/A.sock', 'http'],
      ['unix:/run/a_b.sock', 'http'],
      ['unix:/run/a/b.sock', 'http'],
      ['127.0.0.1:3031', 'http'],
      ['127.0.0.1:3031', 'fastcgi'],
      ['127.0.0.1:3032', 'fastcgi'],
      ['127.0.0.1:3032', 'uwsgi'],
    ]
    const parts = places.map(([address, protocol]) => {
      const text = render(input([address], [['/', 'app']]), { protocol })
      const [once, inServer] = text.split('# ---- Inside your server { } ----\n')
      return { once: once!, server: `server { listen 8080; server_name ${protocol}.test; ${inServer} }` }
    })
    const all = parts.flatMap(({ once, server }, index) => [once, server.replace('8080', String(8080 + index))])
    const running = await startNginx({ config: `events { }\nhttp {\n${all.join('\n')}\n}\n` })
    expect(running.complaints()).toEqual([])
    await running.stop()
  })

  test('odd names are quoted', async () => {
    const odd = input(
      ['unix:/run/a b;{}".sock'],
      [
        ['/a b;{}"\'\\$x', 'app'],
        ['/f (1)', 'files', { path: '/srv/a b;"{' }],
        ['odd.test', 'files', { path: '/srv/site/x', index: ['a b.html'] }],
      ],
    )
    for (const protocol of ['uwsgi', 'http']) {
      expect(await check(odd, { protocol })).toMatchObject({ result: 'ok' })
    }
  })

  test('a $ where nginx would look for a variable is refused', () => {
    expect(() => render(input(['unix:/run/$x.sock'], [['/', 'app']]))).toThrow(
      expect.objectContaining({ code: 'PLUG_NAME' }),
    )
  })

  test('what nginx does not accept is said in its words', async () => {
    const { result, message } = await check(input(['unix:/s'], [['/', 'app']]), { port: 99999 })
    expect(result).toBe('bad')
    expect(message).toMatch(/nginx: \[emerg\] invalid port/)
  })
})

test('check without nginx says that nothing was checked', async () => {
  const { result, message } = await check(example, {}, 'no-nginx-here')
  expect([result, message]).toEqual(['missing', 'nginx is not installed on this machine; the config was not checked'])
})
