// The ten that most people use, as Debian and npm have them: every check, at `/` and below `/x`, through nginx by uwsgi and by FastCGI.
// `npm run frameworks` looks at the others.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { program } from '../harness.ts'
import { bottle } from './bottle/framework.ts'
import { django } from './django/framework.ts'
import { express } from './express/framework.ts'
import { fastify } from './fastify/framework.ts'
import { flask } from './flask/framework.ts'
import { hono } from './hono/framework.ts'
import { koa } from './koa/framework.ts'
import { look } from './look.ts'
import { hostOf, mountsOf, prefixes } from './mounted.ts'
import { pyramid } from './pyramid/framework.ts'
import { openStage, protocols, type Stage } from './stage.ts'
import { tornado } from './tornado/framework.ts'
import { werkzeug } from './werkzeug/framework.ts'

// Debian's packages are for Debian's own Python.
const interpreter = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'
const environment = {
  environment: { interpreter },
  program: (name: string) => (name === 'python' ? interpreter : name),
}
const all = [flask, werkzeug, bottle, django, pyramid, tornado, express, koa, fastify, hono]
const there = all.filter(
  ({ name, packages }) => 'npm' in packages || spawnSync(interpreter, ['-c', `import ${name}`]).status === 0,
)
for (const { name, title } of all.filter((one) => !there.includes(one)))
  console.warn(`${title} is not tested: ${interpreter} cannot import ${name} (Debian: apt install python3-${name})`)
const looked = process.env.CI === 'true' ? all : there

describe.skipIf(!program('nginx'))('behind nginx', () => {
  let stage: Stage
  beforeAll(async () => {
    const mounts = looked.map((one) => mountsOf(one, join(import.meta.dirname, one.name), environment))
    stage = await openStage(Object.assign({}, ...mounts) as Record<string, object>)
  })
  afterAll(() => stage?.stop())

  test.concurrent.each(looked)('$title', async (framework) => {
    const wrong: string[] = []
    for (const protocol of protocols) {
      for (const prefix of prefixes) {
        const address = stage.addresses[protocol]
        const host = `${hostOf(framework)}:${address.split(':')[1]}`
        const outcomes = await look(framework, { address, host, protocol, prefix, log: stage.log })
        for (const one of outcomes)
          if (one.wrong !== undefined) wrong.push(`${one.check}, ${protocol} at ${prefix || '/'}: ${one.wrong}`)
      }
    }
    expect(wrong).toEqual([])
  })
})
