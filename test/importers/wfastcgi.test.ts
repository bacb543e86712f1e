// web.config files of wfastcgi are imported: what becomes of each line, and the web.config that takes their place.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { kinds } from '../../sidecar/mounts/index.ts'
import { validateConfig } from '../../sidecar/config/validate.ts'
import { fromCommandLine } from '../../sidecar/config/source.ts'
import { wfastcgi } from '../../sidecar/importers/wfastcgi.ts'
import { applicationSettings, appSettings, type WfastcgiSetting } from '../../sidecar/importers/wfastcgi/settings.ts'
import { parseXml } from '../../sidecar/importers/xml.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { documentWith, table } from '../document.ts'
import { imported, samplesOf } from './samples.ts'

const { path, write } = commandFolder()

test.each([
  ['small', []],
  ['middle', []],
  ['large', ['large/applicationHost.config']],
])('%s: the configuration, the report and the new web.config', async (name, words) => {
  const environment = { shop_lib: String.raw`D:\lib` }
  const { result, text } = await imported(wfastcgi, `${name}/web.config`, { words, environment })
  await expect(text).toMatchFileSnapshot(join(samplesOf('wfastcgi'), `${name}.expected`))
  const report = result.report.full()
  for (const secret of ['not for the report', 'hidden']) expect(report).not.toContain(secret)
  const lines = report.slice(report.indexOf('  <?xml'), report.indexOf('  Then, as administrator')).trim()
  expect(parseXml(lines, 'web.config').children.map((one) => one.name)).toContain('system.webServer')
  // Its settings are right; whether its files are there is for the Windows that it is for.
  const { problems } = await validateConfig(fromCommandLine(result.config, samplesOf('wfastcgi')), kinds, path)
  expect(problems).toEqual([])
})

const handler = String.raw`<handlers><add scriptProcessor="C:\p\python.exe|C:\p\wfastcgi.py" /></handlers>`
const webConfig = (settings: string): string =>
  `<configuration><appSettings>${settings}</appSettings><system.webServer>${handler}</system.webServer></configuration>`

test.each([
  ['<settings />', /begins with <configuration>/],
  ['<configuration>', /not closed/],
  ['<configuration />', /no handler in it has a scriptProcessor with wfastcgi\.py/],
  [webConfig(''), /there is no WSGI_HANDLER in it/],
])('%s is no web.config of wfastcgi', async (text, message) => {
  write('web.config', text)
  const reading = wfastcgi.read({ file: 'web.config', words: [], cwd: path, environment: {} })
  await expect(reading).rejects.toMatchObject({ code: 'IMPORT_SYNTAX' })
  await expect(reading).rejects.toThrow(message)
})

test('what is not set here is left to whoever reads the report', async () => {
  write('web.config', webConfig('<add key="WSGI_HANDLER" value="app" /><add key="PYTHONPATH" value="%NOWHERE%" />'))
  const { config, report } = await wfastcgi.read({ file: 'web.config', words: [], cwd: path, environment: {} })
  expect(config.mounts).toMatchObject({ '/': { python: 'app', cwd: path, interpreter: String.raw`C:\p\python.exe` } })
  expect(report.full()).toMatch(/PYTHONPATH = %NOWHERE%: %NOWHERE% is not set here/)
})

test('settings without a key, and those that take others away, are told', async () => {
  write('web.config', webConfig('<clear /><add key="WSGI_HANDLER" value="app" /><remove key="X" /><add value="y" />'))
  const { config, report } = await wfastcgi.read({ file: 'web.config', words: [], cwd: path, environment: {} })
  expect(config.mounts).not.toHaveProperty(['/', 'env'])
  expect(report.full()).toMatch(/<clear> of <appSettings>: wfastcgi takes no notice of it either/)
  expect(report.full()).toMatch(/<remove key="X"> of <appSettings>: wfastcgi takes no notice/)
  expect(report.full()).toMatch(/<add> of <appSettings>: it has no key/)
})

test('every setting is in the tables of docs/migrate-wfastcgi.md', async () => {
  const rows = (list: readonly WfastcgiSetting[]): string =>
    table(
      ['wfastcgi', 'here', 'to know'],
      list.map(({ name, here, note }) => [`\`${name}\``, here, note]),
    )
  const parts = { settings: rows(appSettings), application: rows(applicationSettings) }
  const { file, text } = documentWith('migrate-wfastcgi.md', parts)
  await expect(text).toMatchFileSnapshot(file)
})
