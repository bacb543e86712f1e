// Control groups, on files as the kernel has them: what is written where.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Identity } from '../../sidecar/processes/identity.ts'
import { temporaryFolder } from '../harness.ts'

const SERVICE = '/system.slice/sidegate.service'

/** A tree with the group of the service. */
function tree({ controllers = 'cpuset cpu io memory pids', group = SERVICE } = {}) {
  const { path: root, remove } = temporaryFolder()
  onTestFinished(remove)
  const base = join(root, SERVICE)
  mkdirSync(base, { recursive: true })
  writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory pids\n')
  writeFileSync(join(base, 'cgroup.controllers'), `${controllers}\n`)
  writeFileSync(join(base, 'cgroup.type'), 'domain\n')
  writeFileSync(join(base, 'cgroup.procs'), '11\n12\n')
  const own = join(root, 'own')
  writeFileSync(own, `1:name=systemd:/x\n0::${group}\n`)
  const identity = (cgroup: object): Identity =>
    new Identity({ process: { cgroup } }, 'mounts./', 'linux', 0, process.env.PATH, { root, own })
  return { root, base, identity, read: (file: string) => readFileSync(join(base, file), 'utf8').trim() }
}

const groupsOf = (base: string): string[] => readdirSync(base).filter((name) => name.startsWith('sidegate-'))

/** Runs a command with this identity. */
function run(identity: Identity, script: string) {
  const command = { file: 'sh', args: ['-c', script], env: process.env }
  const { file, args } = identity.wrap(command, '/')
  return spawnSync(file, args, { encoding: 'utf8' })
}

test.runIf(process.platform === 'linux')('the processes of a mount are in a group with its limits', () => {
  const { base, identity, read } = tree()
  const one = identity({ memory: 300_000_000, cpu: 1.5 })
  const pids = [run(one, 'echo $$').stdout, run(one, 'echo $$').stdout].map((text) => text.trim())
  const [group, ...others] = groupsOf(base)
  expect(others).toEqual([])
  expect([read(`${group}/memory.max`), read(`${group}/cpu.max`)]).toEqual(['300000000', '150000 100000'])
  expect(read('cgroup.subtree_control')).toBe('+memory +cpu')
  expect(read('sidegate/cgroup.procs')).toBe('11\n12')
  expect(read(`${group}/cgroup.procs`)).toBe(pids[1])
})

test.runIf(process.platform === 'linux')(
  'the next gateway, which is started below, makes its groups beside, and removes those of the dead',
  () => {
    const { base, identity, read } = tree({ group: `${SERVICE}/sidegate` })
    mkdirSync(join(base, 'sidegate-4194399-1'))
    run(identity({ cpu: 0.5 }), 'true')
    const [group, ...others] = groupsOf(base)
    expect(others).toEqual([])
    expect(read(`${group}/cpu.max`)).toBe('50000 100000')
    expect(existsSync(join(base, group!, 'memory.max'))).toBe(false)
  },
)

test.runIf(process.platform === 'linux')('what goes wrong with it is the reason why a process does not start', () => {
  const { base, identity } = tree()
  const one = identity({ cpu: 1 })
  mkdirSync(join(base, 'cgroup.subtree_control'))
  expect(run(one, 'true')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/control group cannot be made.*EISDIR/) as string,
  })
})

test.runIf(process.platform === 'linux')('where there can be none that is said', () => {
  const refused = (message: RegExp) =>
    expect.objectContaining({
      code: 'PROCESS_CGROUP',
      path: 'mounts./.process.cgroup',
      message: expect.stringMatching(message) as string,
    }) as Error
  const { identity } = tree({ controllers: 'memory pids' })
  expect(() => identity({ memory: 1e9, cpu: 1 })).toThrow(refused(/no controller cpu: .*Delegate=memory cpu/))
  const { path: root, remove } = temporaryFolder()
  onTestFinished(remove)
  expect(
    () => new Identity({ process: { cgroup: { cpu: 1 } } }, 'mounts./', 'linux', 0, '/bin', { root, own: '' }),
  ).toThrow(refused(/is no cgroup v2/))
})

test.runIf(process.platform === 'linux')(
  'the group of a mount that was there before goes when it is empty, and comes back when it is asked for',
  () => {
    const { base, identity } = tree()
    /** The kernel removes what it has made in a group with it. */
    const clear = (): void => {
      for (const group of groupsOf(base))
        for (const file of readdirSync(join(base, group))) rmSync(join(base, group, file))
    }
    const exits = process.listenerCount('exit')
    const [before, now] = [identity({ cpu: 1 }), identity({ cpu: 1 })]
    run(before, 'true')
    const [first] = groupsOf(base)
    clear()
    expect(run(now, 'true').status).toBe(0)
    expect(groupsOf(base)).toHaveLength(1)
    expect(groupsOf(base)).not.toContain(first)
    expect(run(before, 'true').status).toBe(0)
    expect(groupsOf(base)).toContain(first)
    expect(process.listenerCount('exit') - exits).toBeLessThanOrEqual(1)
  },
)
