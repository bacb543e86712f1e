// The conformance suite through programs of others: its WSGI app as a CGI script (wsgiref), and on uWSGI, by each of its protocols. What
// is left out is what these programs do in their own way, each with the reason.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { cases, notApplicable, runCase } from '../conformance/index.ts'
import { program, startGateway, temporaryFolder, type TestGateway } from '../harness.ts'

const suite = fileURLToPath(new URL('../conformance/', import.meta.url))
const folder = temporaryFolder()
afterAll(folder.remove)

const script = join(folder.path, 'app')
writeFileSync(
  script,
  `#!/usr/bin/env python3
import sys
sys.path.insert(0, ${JSON.stringify(suite)})
sys.dont_write_bytecode = True
from wsgiref.handlers import CGIHandler
from app import application
CGIHandler().run(application)
`,
)
chmodSync(script, 0o755)

interface Subject {
  readonly name: string
  readonly kind: MountKind
  readonly settings: object
  readonly needs: string
  /** What is not asked, and why. */
  readonly except: readonly (readonly [RegExp, string])[]
}

const uwsgi = (speaks: string): Subject => ({
  name: `run: uWSGI by ${speaks}`,
  kind: run,
  settings: {
    run: `uwsgi --plugin python3 --${speaks === 'uwsgi' ? '' : `${speaks}-`}socket $SOCKET --module app:application --master --threads 4 --buffer-size 65535 --die-on-term --need-app`,
    speaks,
    env: { PATH: `/usr/bin:/bin:${process.env.PATH ?? ''}`, PYTHONDONTWRITEBYTECODE: '1' },
    stopTimeout: 5,
  },
  needs: 'uwsgi',
  except: [
    [
      /^wsgi-|^raise-|^close-after-error|^shorter-than-length/,
      'uWSGI has its own ways with apps that break rules or raise',
    ],
    [
      /^body-unread|^method-|^content-type|^body-read/,
      'uWSGI resets connections with a body that an app did not read, and does not bound reads',
    ],
    [/^length-inferred/, 'uWSGI adds no Content-Length'],
  ],
})

const subjects: readonly Subject[] = [
  {
    name: 'cgi: a script',
    kind: cgi,
    settings: { cgi: script, authorization: true },
    needs: 'python3',
    except: [
      [/^close-|^slow-client/, 'a process a request keeps nothing that another request could ask for'],
      [/^status-(204|304)/, 'wsgiref adds a Content-Length'],
      [/^wsgi-keys/, 'wsgiref says that it runs once'],
      [/^wsgi-head-held|^wsgi-split-header/, 'wsgiref has its own ways with apps that break rules'],
    ],
  },
  uwsgi('uwsgi'),
  uwsgi('fastcgi'),
  uwsgi('scgi'),
]

/** How the gateway is asked, in turn: what it asks of a program does not depend on it. `npm run conformance` has both for all. */
const transports = ['http', 'uwsgi'] as const

for (const [place, { name, kind, settings, needs, except }] of subjects.entries()) {
  const asked = process.env.MODE === 'all' ? transports : [transports[place % 2]!]
  describe.skipIf(!program(needs) && process.env.CI !== 'true')(`${name} (needs ${needs})`, () => {
    let gateway: TestGateway
    beforeAll(async () => {
      gateway = await startGateway({
        listen: ['127.0.0.1:0'],
        mounts: [{ key: '/shop', kind, settings: settings as Record<string, unknown> }],
        directory: suite,
      })
    })
    afterAll(() => gateway?.stop())

    for (const transport of asked) {
      const fixed = { transport, interface: 'python', prefix: '/shop' } as const
      const applicable = cases.filter((one) => {
        return notApplicable(one, fixed) === undefined && !except.some(([pattern]) => pattern.test(one.name))
      })
      test.for(applicable.map((one) => [one.name, one] as const))(`${transport}: %s`, async ([, one]) => {
        const { result, error } = await runCase(one, { ...fixed, address: gateway.addresses[0]! })
        if (result === 'failed') throw error
        expect(result).toBe('passed')
      })
    }
  })
}
