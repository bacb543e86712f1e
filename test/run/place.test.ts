// Where a command of a run mount is to listen on Windows; elsewhere it is seen by the programs that do (programs.test.ts).
import * as v from 'valibot'
import { expect, onTestFinished, test } from 'vitest'
import { Log } from '../../sidecar/log.ts'
import { CommandPlan } from '../../sidecar/mounts/run/command.ts'
import { runSettings } from '../../sidecar/mounts/run/settings.ts'
import { apps } from './programs.ts'

const context = {
  key: '/',
  path: 'mounts./',
  directory: apps,
  log: new Log('text', process.stderr),
  platform: 'win32' as const,
}

test('$SOCKET is a named pipe on Windows, another one at each start', async () => {
  const settings = v.parse(runSettings, { run: ['server.exe', '--at=$SOCKET'], speaks: 'http' })
  const plan = new CommandPlan(settings, context)
  onTestFinished(() => plan.close())
  const places = [await plan.next(), await plan.next()].map(({ endpoint, command }) => {
    if (endpoint.kind !== 'pipe') throw new Error(`it is ${endpoint.kind}`)
    const place = `\\\\.\\pipe\\${endpoint.name}`
    expect(command.args).toEqual([`--at=${place}`])
    expect(command.env).toMatchObject({ SOCKET: place })
    return place
  })
  expect(places[0]).toMatch(/^\\\\\.\\pipe\\sidegate-[0-9a-f-]{36}$/)
  expect(places[1]).not.toBe(places[0])
})

test('a command that says nowhere where it listens is told of both places', () => {
  const settings = v.parse(runSettings, { run: 'server.exe', speaks: 'http' })
  expect(() => new CommandPlan(settings, context)).toThrow('$SOCKET (a named pipe)')
})
