// Who is logged in, by the recipes of docs/hosts/: with the real web servers, a password that they checked makes a user, and nothing else does.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hosts } from '../../plugin/index.ts'
import { app } from '../../sidecar/mounts/app.ts'
import { startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { matrix } from './matrix.ts'
import { installed, startServer, type Server } from './servers.ts'

const file = fileURLToPath(new URL('apps/who.ts', import.meta.url))
/** Milliseconds: a second's work took eleven where twelve others wanted two processors. */
const PATIENCE = 200_000
const keys = ['/', '/private', '/login']
/** What `openssl passwd -apr1` makes of the password `right`. */
const PASSWORD_FILE = 'kim:$apr1$sidegate$4T5cFi7smjWqVasnzTuqu1\n'

/** The code blocks of a host's section "Who is logged in". */
function recipes(host: string): string[] {
  const text = readFileSync(new URL(`../../docs/hosts/${host}.md`, import.meta.url), 'utf8')
  const section = /^## Who is logged in\n(.*?)^## /ms.exec(text)![1]!
  return [...section.matchAll(/^```\w*\n(.*?)^```$/gms)].map(([, block]) => block!)
}

/** The complete config of a host with its recipe in it. */
const withRecipe: Readonly<Record<string, (config: string, protocol: string) => string>> = {
  nginx(config) {
    const [guard, login] = recipes('nginx') as [string, string]
    const pass = /^ *\w+_pass .*$/m.exec(config)![0]
    return config
      .replace(
        /^ *location (?:= \/private|\^~ \/private\/) \{$/gm,
        (line) => `${line}\n${guard}error_page 401 = @login;`,
      )
      .replace('# /: app', (line) => `\n${login.replace(/^ *uwsgi_pass .*$/m, () => pass)}${line}`)
  },
  apache(config) {
    const [guard] = recipes('apache') as [string]
    const modules = ['auth_basic', 'authn_core', 'authn_file', 'authz_user']
    const load = modules.map((name) => `LoadModule ${name}_module \${modules}/mod_${name}.so\n`).join('')
    const own = config.includes('mod_headers') ? guard : guard.replace(/^.*(?:# By http only|RequestHeader).*\n/gm, '')
    return config.replace(/^User /m, (line) => load + line).replace('</VirtualHost>', (line) => own + line)
  },
  lighttpd(config) {
    const [guard] = recipes('lighttpd') as [string]
    const modules = /^server\.modules = (.*)\n/m.exec(config)!
    return config.replace(modules[0], () => `server.modules = ()\n${guard}server.modules += ${modules[1]}\n`)
  },
  haproxy(config) {
    const [users, rules] = recipes('haproxy') as [string, string]
    return config
      .replace(/^frontend /m, (line) => `${users}\n${line}`)
      .replace(/^ *default_backend/m, (line) => rules + line)
  },
  caddy(config) {
    const [guard] = recipes('caddy') as [string]
    return config.replace(
      /\n\treverse_proxy/,
      (line) => `\n${guard.replace('basic_auth', 'basicauth').replaceAll(/^/gm, '\t').trimEnd()}${line}`,
    )
  },
}

/** Over HTTP there is no REMOTE_USER: who it is stands in a field of its own. */
const byField = (host: string, protocol: string): boolean => protocol === 'http' || host === 'haproxy'

const whoIn = ({ text: body }: { text: string }): Who => JSON.parse(body) as Who

interface Who {
  readonly path?: string
  readonly user?: string
  readonly header?: string
}

describe.each(matrix.filter(({ host }) => installed(host) && withRecipe[host]))(
  '$host over $protocol',
  ({ host, protocol }) => {
    const folder = temporaryFolder()
    let gateway: TestGateway
    let server: Server

    beforeAll(async () => {
      const socket = join(folder.path, 's')
      const passwords = join(folder.path, 'private.htpasswd')
      writeFileSync(passwords, PASSWORD_FILE)
      const mounts = keys.map((key) => ({ key, kind: app, settings: { app: file } }))
      gateway = await startGateway({
        listen: [{ address: `unix:${socket}`, trust: ['unix'], mode: '0666' }],
        mounts,
        directory: folder.path,
        host,
      })
      const plugin = hosts.find(({ name }) => name === host)!
      const input = {
        directory: folder.path,
        listeners: [{ address: `unix:${socket}` }],
        mounts: mounts.map(({ key }) => ({ key, kind: 'app' })),
      }
      const config = withRecipe[host]!(plugin.render(input, { protocol, full: true }), protocol)
      server = await startServer(host, { config: config.replaceAll(/\/etc\/\w+\/private\.htpasswd/g, passwords) })
    })
    afterAll(async () => {
      await server?.stop([/password mismatch|user "\w+" was not found|AH0161[78]|AH01136|password doesn't match/])
      await gateway?.stop()
      folder.remove()
    })

    async function ask(target: string, headers: [string, string][] = []): Promise<{ status: number; text: string }> {
      const [name, port] = server.address.split(':') as [string, string]
      const fields = ['Host', server.address, 'Connection', 'close', ...headers.flat()]
      const sent = request({ host: name, port, path: target, headers: fields }).end()
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      return { status: response.statusCode!, text: await text(response) }
    }
    const basic = (user: string, password: string): [string, string] => [
      'Authorization',
      `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
    ]
    const who = ({ user, header }: Who): string | undefined => (byField(host, protocol) ? header : user)

    test.each([
      '/private',
      '/private/',
      '/private/x',
      '/%70rivate/x',
      '/login/../private/x',
      '/login/%2e%2e/private/x',
    ])('%s with the password', async (target) => {
      const answer = await ask(target, [basic('kim', 'right')])
      // HAProxy's recipe refuses paths with dots; lighttpd has no field for the name.
      const refused = host === 'haproxy' && /\.\.|%2e/.test(target)
      expect(answer.status).toBe(refused ? 400 : 200)
      const nobody = refused || (host === 'lighttpd' && protocol === 'http')
      expect(refused ? undefined : who(whoIn(answer))).toBe(nobody ? undefined : 'kim')
    })

    /** Nobody is logged in, whatever the client says. */
    function expectNobody({ user, header = '' }: Who): void {
      expect(user).toBeUndefined()
      // By the other protocols it is a header like any other, and nobody asks it.
      expect(byField(host, protocol) ? header : '').toBe('')
    }

    test.concurrent.each(['/', '/open/private', '/privateer', '/private//../x'])(
      '%s asks for none, and has nobody',
      async (target) => {
        for (const headers of [[], [basic('kim', 'right')], [basic('kim', 'wrong')]]) {
          const answer = await ask(target, [...headers, ['X-Remote-User', 'kim']])
          const refused = host === 'haproxy' && target.includes('..')
          expect(answer.status).toBe(refused ? 400 : 200)
          expectNobody(refused ? {} : whoIn(answer))
        }
      },
    )

    // lighttpd waits before it refuses a password: all at once.
    test.concurrent.each([
      '/private',
      '/private/',
      '/private/x',
      '//private/x',
      '/./private/x',
      '/login/../private/x',
      '/login//../private/x',
      '/login/%2e%2e/private/x',
      '/login%2f..%2fprivate/x',
      '/login/..%2fprivate/x',
      '/private%2fx',
      '/%2fprivate/x',
      '/%70rivate/x',
      '/private//../x',
      'http://other.example/private/x',
    ])('%s with a wrong password, or none, makes nobody logged in', { timeout: PATIENCE }, async (target) => {
      // For a user that it does not know, Caddy computes for a second (bcrypt of cost 14): once is enough.
      const tried = [[], [basic('kim', 'wrong')], ...(target === '/private' ? [[basic('ann', 'right')]] : [])]
      const answers = await Promise.all(tried.map((headers) => ask(target, [...headers, ['X-Remote-User', 'kim']])))
      for (const { status, text: body } of answers) {
        // The web server refuses it, or an app that knows nobody answers: one that is not guarded, or nginx's behind the refusal.
        const found = status === 200 ? (JSON.parse(body) as Who) : {}
        expect([200, 400, 401, 404]).toContain(status)
        expectNobody(found)
        const guarded = /^\/+private(?:\/|$)/.test(found.path ?? '')
        expect(guarded && host !== 'nginx').toBe(false)
      }
    })
  },
)
