// Sidegate as a service of Windows: what would be written and run there, on every machine. Under Wine: test/windows/programs/command.test.ts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { describeStep, installPlan } from '../../sidecar/cli/service-plan.ts'
import { runSteps } from '../../sidecar/cli/service-steps.ts'
import { demandWrapper, unreadable } from '../../sidecar/cli/service-wrapper.ts'
import { temporaryFolder } from '../harness.ts'
import { sidegate } from './sidegate.ts'

const folder = temporaryFolder()
afterAll(folder.remove)

const wish = {
  name: 'Shop',
  account: 'NT SERVICE\\Shop',
  folder: 'C:\\sites\\R&D\\sidegate-service',
  wrapper: 'C:\\tools\\WinSW-x64.exe',
  node: 'C:\\Program Files\\nodejs\\node.exe',
  main: 'C:\\sites\\R&D\\node_modules\\sidegate\\dist\\sidecar\\main.js',
  config: 'C:\\sites\\R&D\\sidegate.config.ts',
  stopTimeout: 45,
}

describe('what install does', () => {
  test('the wrapper and its settings', () => {
    const { program, settings, logs } = installPlan(wish)
    expect([program, settings[0], logs]).toEqual(
      ['Shop.exe', 'Shop.xml', 'logs'].map((name) => `${wish.folder}\\${name}`),
    )
    expect(settings[1]).toBe(`<service>
  <id>Shop</id>
  <name>Shop</name>
  <description>Sidegate, the gateway between the web server and its apps.</description>
  <executable>C:\\Program Files\\nodejs\\node.exe</executable>
  <arguments>"C:\\sites\\R&amp;D\\node_modules\\sidegate\\dist\\sidecar\\main.js" "serve" "--config" "C:\\sites\\R&amp;D\\sidegate.config.ts"</arguments>
  <workingdirectory>C:\\sites\\R&amp;D</workingdirectory>
  <logpath>C:\\sites\\R&amp;D\\sidegate-service\\logs</logpath>
  <log mode="roll-by-size"><sizeThreshold>10240</sizeThreshold><keepFiles>8</keepFiles></log>
  <startmode>Automatic</startmode>
  <onfailure action="restart" delay="5 sec"/>
  <resetfailure>1 hour</resetfailure>
  <stoptimeout>45 sec</stoptimeout>
</service>
`)
  })

  test.each([
    ['NT SERVICE\\Shop', 'sc.exe config Shop obj= "NT SERVICE\\Shop"'],
    ['NT AUTHORITY\\LocalService', 'sc.exe config Shop obj= "NT AUTHORITY\\LocalService" password= ""'],
    ['SITE\\shop$', 'sc.exe config Shop obj= SITE\\shop$'],
  ])('the account %s', (account, line) => {
    const { steps, program, logs } = installPlan({ ...wish, account })
    expect(steps.map(describeStep)).toEqual([
      `${program} install`,
      line,
      account.includes(' ')
        ? `icacls.exe ${logs} /grant "${account}:(OI)(CI)M"`
        : `icacls.exe ${logs} /grant "${account}:(OI)(CI)M"`,
    ])
  })
})

test('the steps run one after the other, and the first that fails ends them', () => {
  let said = ''
  const print = (text: string): void => void (said += text)
  const node = (code: string): [string, ...string[]] => [process.execPath, '-e', code]
  runSteps([node('console.log("one")'), node('console.error("two")')], print)
  expect(said).toMatch(/^> .*\none\n> .*\ntwo\n$/)
  const steps = [node('console.log("Access is denied."); process.exit(5)'), node('console.log("never said")')]
  expect(() => runSteps(steps, print)).toThrow(
    expect.objectContaining({ code: 'SERVICE_FAILED', message: expect.stringMatching(/ended with 5\..*stands above/) }),
  )
  expect(said).toMatch(/\nAccess is denied\.\n$/)
  expect(() => runSteps([['no-such-program']], print)).toThrow(/ENOENT/)
})

test('the wrapper is asked for', () => {
  writeFileSync(join(folder.path, 'WinSW-x64.EXE'), '')
  writeFileSync(join(folder.path, 'winsw.zip'), '')
  const refused = (given: string | undefined, words: RegExp): void =>
    expect(() => demandWrapper(given, folder.path, 'win32')).toThrow(
      expect.objectContaining({ code: 'SERVICE_WRAPPER', message: expect.stringMatching(words) }),
    )
  expect(demandWrapper('WinSW-x64.EXE', folder.path, 'win32')).toBe(join(folder.path, 'WinSW-x64.EXE'))
  refused(undefined, /WinSW-x64\.exe of https:/)
  refused('WinSW.exe', /is not there/)
  refused('winsw.zip', /is no program/)
})

test('what lies in the folder of a user is told of', () => {
  const mine = { ...wish, node: 'C:\\Users\\Me\\AppData\\Local\\nodejs\\node.exe' }
  expect(unreadable(mine, 'c:\\users\\me', 'win32')).toEqual([
    'Node.js is in your own folder (C:\\Users\\Me\\AppData\\Local\\nodejs\\node.exe), which NT SERVICE\\Shop may not read: move it, or give --account',
  ])
  expect(unreadable(wish, 'C:\\Users\\me', 'win32')).toEqual([])
  expect(unreadable(mine, undefined, 'win32')).toEqual([])
})

test.skipIf(process.platform === 'win32')('elsewhere there are no such services', async () => {
  expect(await sidegate(['service', 'install'], folder.path)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/a unit of systemd .*\[SERVICE_SYSTEM\]/),
  })
  expect(await sidegate(['service', 'restart'], folder.path)).toMatchObject({
    code: 2,
    err: expect.stringContaining('one of install, uninstall, start, stop'),
  })
})
