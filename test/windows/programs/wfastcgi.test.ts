// The app of a web.config of wfastcgi, run by the real wfastcgi as IIS starts it, and by Sidegate behind its handler with what was imported: the
// same requests get the same answers. All of it are programs of Windows.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { MAIN } from '../../built.ts'
import { temporaryFolder } from '../../harness.ts'
import { FastcgiApplication } from '../application.ts'
import { HANDLER } from '../conformance.ts'
import { startWindowsGateway, type WindowsGateway } from '../gateway.ts'
import { nodeExe, PYTHON } from '../places.ts'
import { prepared } from '../prepared.ts'
import { iisVariables } from '../variables.ts'
import { windowsPath, WindowsProgram } from '../wine.ts'

const NODE = nodeExe('24.21.0')
const SHOP = join(import.meta.dirname, '../../importers/gunicorn/shop.py')
/** Flask of Debian's package, and what it needs, are Python alone. */
const PACKAGES = '/usr/lib/python3/dist-packages'
/** Sets of Python are in the same order in both: Flask writes Allow from one. */
const SEED = { PYTHONHASHSEED: '0' }
/** Fields that say who has answered. */
const OF_THE_WAY = ['server', 'date', 'connection', 'x-powered-by']

interface Asked {
  readonly method?: string
  readonly target: string
  readonly headers?: readonly string[]
  readonly body?: string
}

const asked = (prefix: string): readonly Asked[] => [
  { target: `${prefix}/` },
  { target: `${prefix}/env/a%20b/c?x=1&y=%2F`, headers: ['X-One', 'one'] },
  { method: 'POST', target: `${prefix}/post`, body: 'some text' },
  { method: 'HEAD', target: `${prefix}/` },
  { method: 'DELETE', target: `${prefix}/post` },
  { target: `${prefix}/away` },
  { target: `${prefix}/broken` },
  { target: `${prefix}/nothing` },
]

describe.skipIf(!prepared || !existsSync(join(PACKAGES, 'flask')))('wfastcgi', () => {
  const folder = temporaryFolder()
  const wfastcgi = join(folder.path, 'wfastcgi.py')
  const applications: FastcgiApplication[] = []
  const gateways: WindowsGateway[] = []
  beforeAll(() => {
    const words = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder.path, 'wfastcgi==3.0.0']
    const { status, stderr } = spawnSync('python3', words, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`wfastcgi cannot be had: ${stderr}`)
  })
  // The pipe is called as the module of the app: there is one at a time.
  afterEach(async () => {
    await Promise.all(applications.splice(0).map((one) => one.stop()))
    await Promise.all(gateways.splice(0).map((one) => one.kill()))
  })
  afterAll(folder.remove)

  async function answers(application: FastcgiApplication, prefix: string, site: string): Promise<unknown[]> {
    const all: unknown[] = []
    for (const { method = 'GET', target, headers = [], body } of asked(prefix)) {
      const length = body === undefined ? [] : ['Content-Length', String(body.length)]
      const rawHeaders = ['Host', 'shop.test', ...length, ...headers]
      const variables = iisVariables({ method, target, rawHeaders }, { path: '', folder: windowsPath(site) })
      const answered = await application.ask({ variables, ...(body !== undefined && { body: Buffer.from(body) }) })
      all.push({
        target,
        status: answered.head.status,
        headers: answered.head.headers.filter(([name]) => !OF_THE_WAY.includes(name.toLowerCase())),
        body: answered.body.toString(),
      })
    }
    return all
  }

  test.each(['', '/shop'])('below %j', async (prefix) => {
    const site = join(folder.path, `site${prefix.replace('/', '-')}`)
    mkdirSync(site)
    copyFileSync(SHOP, join(site, 'shop.py'))
    const settings = {
      WSGI_HANDLER: 'shop.app',
      PYTHONPATH: `%PACKAGES%;${windowsPath(site)}`,
      SHOP_SECRET: 's3same',
      ...(prefix !== '' && { SCRIPT_NAME: prefix }),
    }
    const added = Object.entries(settings).map(([key, value]) => `<add key="${key}" value="${value}" />`)
    writeFileSync(
      join(site, 'web.config'),
      `<configuration><appSettings>${added.join('')}</appSettings><system.webServer><handlers>
        <add name="Python" path="*" verb="*" modules="FastCgiModule" scriptProcessor="${windowsPath(PYTHON)}|${windowsPath(wfastcgi)}" />
      </handlers></system.webServer></configuration>`,
    )
    const environment = { PACKAGES: windowsPath(PACKAGES), ...SEED }
    const real = new FastcgiApplication({
      fullPath: PYTHON,
      arguments: windowsPath(wfastcgi),
      environment,
      maxInstances: 1,
    })
    applications.push(real)
    const expected = await answers(real, prefix, site)

    const importing = new WindowsProgram(
      [NODE, windowsPath(MAIN), 'import', 'wfastcgi', 'web.config', '-o', 'sidegate.config.json'],
      { cwd: site, env: environment },
    )
    expect([await importing.exited, importing.output]).toEqual([0, expect.stringContaining('carried over')])
    const config = JSON.parse(readFileSync(join(site, 'sidegate.config.json'), 'utf8')) as Record<string, unknown>
    gateways.push(await startWindowsGateway({ config, env: SEED }))
    const [address] = config.listen as string[]
    const own = new FastcgiApplication({
      fullPath: NODE,
      arguments: `"${HANDLER}" ${address} "${windowsPath(site)}"`,
      maxInstances: 1,
    })
    applications.push(own)
    expect(expected.map((one) => (one as { status: number }).status)).toEqual([200, 200, 201, 200, 405, 302, 500, 404])
    expect(await answers(own, prefix, site)).toEqual(expected)
  })
})
