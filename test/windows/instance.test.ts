// The stand-in for IIS itself, against the smallest FastCGI application: what later tests rest on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { temporaryFolder, until } from '../harness.ts'
import { Conversation } from './conversation.ts'
import { Instance, type InstanceOptions } from './instance.ts'
import { NODE_VERSIONS, nodeExe } from './places.ts'
import { prepared } from './prepared.ts'
import { windowsPath } from './wine.ts'

const responder = windowsPath(join(import.meta.dirname, 'apps/responder.mjs'))

describe.skipIf(!prepared)('the stand-in for IIS', () => {
  const running: Instance[] = []
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop()
  })

  async function start(options: Partial<InstanceOptions> = {}, version = NODE_VERSIONS[0] as string) {
    const fullPath = nodeExe(version as (typeof NODE_VERSIONS)[number])
    const instance = await Instance.start({ fullPath, arguments: `"${responder}"`, ...options })
    running.push(instance)
    return { instance, conversation: new Conversation(instance.pipe) }
  }

  const get = (query: string) => ({ REQUEST_METHOD: 'GET', QUERY_STRING: query })

  test.for(NODE_VERSIONS)('starts node.exe %s with one end of a pipe, and asks again and again', async (version) => {
    const { instance, conversation } = await start({}, version)
    for (let turn = 0; turn < 20; turn++) {
      const { body } = await conversation.ask({ variables: get('') })
      expect(JSON.parse(body.toString())).toMatchObject({ size: 0, pid: instance.pid, version: `v${version}` })
    }
    instance.pipe.end()
    expect(await instance.exited).toBe(0)
  })

  test.for(['first', 'started', 'later'] as const)('connects: %s', async (connects) => {
    const folder = temporaryFolder()
    const { instance, conversation } = await start({ connects, cwd: folder.path })
    if (connects === 'later') {
      // by now it has its first modules, and looks at its pipe
      await until('it has handles', async () => (await instance.handles()) > 20)
      await instance.connect()
    }
    const { body } = await conversation.ask({ variables: get('') })
    expect(JSON.parse(body.toString())).toMatchObject({ cwd: windowsPath(folder.path) })
    folder.remove()
  })

  test.for([false, true])('large bodies, the pipe made for blocking calls: %s', async (blocking) => {
    const { conversation } = await start({ blocking })
    const body = Buffer.alloc(5 * 1024 * 1024)
    const variables = { REQUEST_METHOD: 'POST', QUERY_STRING: '', CONTENT_LENGTH: String(body.length) }
    const answer = await conversation.ask({ variables, body })
    expect(JSON.parse(answer.body.toString())).toMatchObject({ size: body.length })
  })

  test('an abort', async () => {
    const { conversation } = await start()
    const leaving = new AbortController()
    const answer = conversation.ask({ variables: get('wait'), signal: leaving.signal })
    leaving.abort()
    await expect(answer).rejects.toThrow('aborted')
    const { body } = await conversation.ask({ variables: get('') })
    expect(JSON.parse(body.toString())).toMatchObject({ aborts: 1 })
  })

  test('the exit code, the end of the pipe and the number of handles', async () => {
    const { instance, conversation } = await start()
    const other = await start()
    await conversation.ask({ variables: get('') })
    expect(await other.instance.handles(instance.pid)).toBeGreaterThan(20)
    await expect(conversation.ask({ variables: get('exit') })).rejects.toThrow('the pipe ended before the response')
    expect(await instance.exited).toBe(7)
    expect(await other.instance.handles(instance.pid)).toBe(0)
    await other.instance.kill()
    expect(await other.instance.exited).toBe(1)
  })

  test('the event is in the environment, and standard output where it is asked for', async () => {
    const folder = temporaryFolder()
    const log = join(folder.path, 'log')
    const { instance, conversation } = await start({ event: true, log, environment: { NODE_DEBUG: 'net' } })
    const { body } = await conversation.ask({ variables: get('') })
    expect(JSON.parse(body.toString())).toMatchObject({
      _FCGI_SHUTDOWN_EVENT_: expect.stringMatching(/^[1-9][0-9]*$/),
      _FCGI_X_PIPE_: expect.stringMatching(/^\\\\\.\\pipe\\IISFCGI-/),
    })
    await instance.kill()
    expect(readFileSync(log, 'utf8')).toMatch(/NET/)
    folder.remove()
  })

  test('a program that cannot be started', async () => {
    await expect(start({ fullPath: '/nowhere/node.exe' })).rejects.toThrow('error start 2')
  })
})
