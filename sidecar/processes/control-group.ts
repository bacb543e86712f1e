// Memory and processors that the processes of a mount may have together: a control group of their own (cgroup v2, "Control Group v2" of the
// kernel's documentation).
//
// A group that has processes in it cannot divide what it has ("No Internal Process Constraint"). So what is in the group that was given to this service
// moves into one below it; the gateways after this one are started there.
import {
  accessSync,
  appendFileSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { isAlive } from '../is-alive.ts'
import { messageOf } from '../thrown.ts'

/** The setting. */
export const groupSettings = v.strictObject({
  memory: v.pipe(
    v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER))),
    v.description(
      'Bytes of memory that all processes of the mount may have together; beyond that the kernel ends one.',
    ),
  ),
  cpu: v.pipe(
    v.optional(v.pipe(v.number(), v.minValue(0.01), v.maxValue(10_000))),
    v.description('Processors that they may keep busy together, such as 1.5.'),
  ),
})

/** Where the system has its groups. */
export interface GroupPlace {
  readonly root: string
  /** The file that says in which group this process is: cgroups(7), /proc/pid/cgroup. */
  readonly own: string
}

const PLACE: GroupPlace = { root: '/sys/fs/cgroup', own: '/proc/self/cgroup' }

/** Where the processes are that were in the group of the service. */
const OURS = 'sidegate'
/** Of microseconds of processor time: cpu.max. */
const PERIOD = 100_000
/** Processes are started while others move. */
const MOVES_MAX = 20

let groups = 0
/** Those that were made for each place of the configuration: a mount that is reloaded has another one. */
const made = new Map<string, Set<string>>()

/** The group of a mount; made when its first process is started. */
export class ControlGroup {
  readonly #base: string
  readonly #folder: string
  readonly #limits: Readonly<Record<string, string>>
  readonly #controllers: readonly string[]
  readonly #key: string

  /** @throws {ConfigError} PROCESS_CGROUP where there can be none */
  constructor({ memory, cpu }: v.InferOutput<typeof groupSettings>, path: string, place: GroupPlace = PLACE) {
    const refuse = (why: string): never => {
      throw new ConfigError('PROCESS_CGROUP', path, why)
    }
    if (!existsSync(join(place.root, 'cgroup.controllers')))
      refuse(`${place.root} is no cgroup v2, as current distributions have it: leave this out`)
    const own = /^0::(.*)$/m.exec(readFileSync(place.own, 'utf8'))?.[1] ?? refuse(`${place.own} names no group`)
    const group = join(place.root, own)
    this.#base = basename(group) === OURS ? dirname(group) : group
    this.#limits = {
      ...(memory === undefined ? {} : { 'memory.max': String(memory) }),
      ...(cpu === undefined ? {} : { 'cpu.max': `${Math.round(cpu * PERIOD)} ${PERIOD}` }),
    }
    this.#controllers = Object.keys(this.#limits).map((file) => file.slice(0, file.indexOf('.')))
    const there = words(join(this.#base, 'cgroup.controllers'))
    const missing = this.#controllers.find((one) => !there.includes(one))
    const advice = `have it given to Sidegate: Delegate=${this.#controllers.join(' ')} in its unit of systemd`
    if (missing !== undefined) refuse(`the group ${this.#base} has no controller ${missing}: ${advice}`)
    try {
      accessSync(this.#base, constants.W_OK)
    } catch {
      refuse(`this user may not make a group in ${this.#base}: ${advice}`)
    }
    this.#folder = join(this.#base, `${OURS}-${process.pid}-${++groups}`)
    this.#key = `${this.#base} ${path}`
  }

  /** What a command is put behind so that it runs there. @param shell its path */
  before(shell: string): string[] {
    try {
      // Another one of the same mount removes it when nothing is in it.
      if (!existsSync(this.#folder)) this.#make()
      return [shell, '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.#folder]
    } catch (error) {
      // The reason is told as whatever else keeps a process from starting.
      return [shell, '-c', 'echo "$0" >&2; exit 1', `its control group cannot be made: ${messageOf(error)}`]
    }
  }

  #make(): void {
    this.#removeOthers()
    // The group of all processes is the one that may divide and have some.
    if (existsSync(join(this.#base, 'cgroup.type'))) this.#moveOurs()
    writeFileSync(join(this.#base, 'cgroup.subtree_control'), this.#controllers.map((one) => `+${one}`).join(' '))
    mkdirSync(this.#folder)
    if (made.size === 0) process.once('exit', removeAll)
    const others = made.get(this.#key) ?? new Set()
    made.set(this.#key, others)
    for (const one of others) if (remove(one)) others.delete(one)
    others.add(this.#folder)
    for (const [file, text] of Object.entries(this.#limits)) writeFileSync(join(this.#folder, file), text)
  }

  #moveOurs(): void {
    const ours = join(this.#base, OURS)
    mkdirSync(ours, { recursive: true })
    let before = ''
    for (let count = 0; count < MOVES_MAX; count++) {
      const pids = words(join(this.#base, 'cgroup.procs')).filter((pid) => pid !== '0')
      if (pids.length === 0 || pids.join() === before) return
      before = pids.join()
      for (const pid of pids) moveTo(ours, pid)
    }
  }

  /** Those of gateways that were killed. One that has processes stays. */
  #removeOthers(): void {
    for (const name of readdirSync(this.#base)) {
      const pid = /^sidegate-(\d+)-\d+$/.exec(name)?.[1]
      if (pid !== undefined && !isAlive(Number(pid))) remove(join(this.#base, name))
    }
  }
}

function words(file: string): string[] {
  return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean)
}

function moveTo(group: string, pid: string): void {
  try {
    appendFileSync(join(group, 'cgroup.procs'), `${pid}\n`)
  } catch (error) {
    // It has ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function removeAll(): void {
  for (const folders of made.values()) for (const one of folders) remove(one)
}

/** @returns false where something is in it */
function remove(group: string): boolean {
  try {
    rmdirSync(group)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}
