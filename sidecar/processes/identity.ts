// As whom a process runs, and what the system lets it have. The programs that are made for that (util-linux, coreutils) run before it, each in the place of
// the one before: what they set stays, and so do process id and descriptors.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { userCalled, groupCalled, type Account } from '../accounts.ts'
import { ConfigError } from '../errors.ts'
import { ControlGroup, groupSettings, type GroupPlace } from './control-group.ts'
import { plainEnvironment, programEnvironment } from './environment.ts'
import type { Command } from './process.ts'
import { findProgram } from './program.ts'

/** How long it may take to see whether a folder can be entered, in milliseconds. */
const LOOK_MS = 5000

const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))
/** The last number, 2³² - 1, is nobody's. */
const ID_MAX = 2 ** 32 - 2
const name = v.union([v.pipe(v.string(), v.minLength(1)), whole(0, ID_MAX)])
const limit = (description: string) => v.pipe(v.optional(whole(0, Number.MAX_SAFE_INTEGER)), v.description(description))

const limitSettings = v.strictObject({
  openFiles: limit('Files and connections that a process may have open.'),
  processes: limit('Processes and threads that the user may have, in all.'),
  memory: limit(
    'Bytes of address space of a process, which is much more than it uses: JavaScript cannot do with little.',
  ),
  fileSize: limit('Bytes of a file that a process writes.'),
  coreSize: limit('Bytes of a core dump.'),
  cpuTime: limit('Seconds of CPU that a process may use in all.'),
})

const identitySettings = v.strictObject({
  user: v.pipe(v.optional(name), v.description('The user. Another one than that of the gateway takes root.')),
  group: v.pipe(v.optional(name), v.description('The group. Default: that of `user`.')),
  groups: v.pipe(v.optional(v.array(name)), v.description('Further groups. Default: all that `user` is in.')),
  umask: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^0?[0-7]{3}$/, 'three octal digits, such as "027"'))),
    v.description('What files that it makes are not allowed, in octal.'),
  ),
  nice: v.pipe(
    v.optional(whole(-20, 19)),
    v.description('How far it steps back for others: -20 to 19. Below 0 takes root.'),
  ),
  oomScore: v.pipe(
    v.optional(whole(-1000, 1000)),
    v.description('Which process the kernel ends when memory runs out: -1000 never, 1000 first. Below 0 takes root.'),
  ),
  limits: v.pipe(v.optional(limitSettings), v.description('What the system lets it have: setrlimit(2).')),
  cgroup: v.pipe(
    v.optional(groupSettings),
    v.description('What all processes of the mount may have together: cgroup v2.'),
  ),
})

/** Whether what this process starts gets capabilities of it (capabilities(7)): those are for listening, and no app's. */
function handsOnCapabilities(): boolean {
  return /^CapAmb:\t0*[1-9a-f]/m.test(readFileSync('/proc/self/status', 'utf8'))
}

/** `process` in the configuration. */
type IdentitySettings = v.InferOutput<typeof identitySettings>

/** Settings of each mount with processes of its own. */
export const identityEntries = {
  process: v.pipe(
    v.optional(identitySettings),
    v.description('As whom its processes run, and what the system lets them have. On Linux.'),
  ),
  clearEnv: v.pipe(
    v.optional(v.boolean()),
    v.description(
      "Whether they get nothing of the gateway's environment but PATH, the language and the time zone. Default: all of it.",
    ),
  ),
}

/** Those of a mount. */
export interface IdentityOptions {
  readonly process?: IdentitySettings | undefined
  readonly clearEnv?: boolean | undefined
}

/** Of settings, as `prlimit` names them. */
const LIMITS: Readonly<Record<keyof v.InferOutput<typeof limitSettings>, string>> = {
  openFiles: 'nofile',
  processes: 'nproc',
  memory: 'as',
  fileSize: 'fsize',
  coreSize: 'core',
  cpuTime: 'cpu',
}

/** What processes of a mount are. */
export class Identity {
  /** Where it is another one. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly #user: Account | undefined
  readonly #clear: boolean
  readonly #platform: NodeJS.Platform
  readonly #group: ControlGroup | undefined
  readonly #shell: string
  /** The programs with their words. */
  readonly #before: readonly string[]

  /**
   * @param path of the mount
   * @throws {ConfigError} PROCESS_SYSTEM anywhere but on Linux; OWNER_UNKNOWN; PROCESS_DENIED for what only root may; PROCESS_PROGRAM where a program that sets
   *   it is not there; PROCESS_CGROUP
   */
  constructor(
    { process: settings, clearEnv = false }: IdentityOptions,
    path: string,
    platform: NodeJS.Platform = process.platform,
    own: number = process.getuid?.() ?? -1,
    tools: string = `${process.env.PATH ?? ''}:/usr/bin:/bin:/usr/sbin:/sbin`,
    groupPlace?: GroupPlace,
  ) {
    this.#clear = clearEnv
    this.#platform = platform
    const at = (setting: string): string => `${path}.process${setting && `.${setting}`}`
    const { user, group, groups, umask, nice, oomScore, limits = {}, cgroup } = settings ?? {}
    if (settings && platform !== 'linux')
      throw new ConfigError(
        'PROCESS_SYSTEM',
        at(''),
        `these settings are of Linux, and this is ${platform}: leave them out`,
      )
    const demandRoot = (setting: string, needed: boolean): void => {
      if (needed && own !== 0)
        throw new ConfigError(
          'PROCESS_DENIED',
          at(setting),
          `only root may do that, and the gateway runs as user ${own}: leave it out, or start Sidegate as root`,
        )
    }
    this.#user = user === undefined ? undefined : userCalled(String(user), at('user'))
    const other = this.#user !== undefined && this.#user.uid !== own
    demandRoot('user', other)
    demandRoot('group', group !== undefined)
    demandRoot('groups', groups !== undefined)
    demandRoot('nice', (nice ?? 0) < 0)
    demandRoot('oomScore', (oomScore ?? 0) < 0)
    this.uid = other ? this.#user!.uid : undefined
    this.gid = group === undefined ? (other ? this.#user!.gid : undefined) : groupCalled(String(group), at('group'))
    if (other && this.gid === undefined)
      throw new ConfigError(
        'OWNER_UNKNOWN',
        at('user'),
        `user ${user} is not in /etc/passwd, so that its group is not known: set group too`,
      )
    this.#group = cgroup && new ControlGroup(cgroup, at('cgroup'), groupPlace)
    this.#shell = cgroup ? toolCalled('sh', tools, at('cgroup')) : ''
    const words: string[] = []
    const put = (program: string, ...more: string[]): void =>
      void words.push(toolCalled(program, tools, at('')), ...more)
    const bounds = Object.entries(limits).flatMap(([key, value]) =>
      value === undefined ? [] : [`--${LIMITS[key as keyof typeof LIMITS]}=${value}`],
    )
    if (bounds.length > 0) put('prlimit', ...bounds)
    if (oomScore !== undefined) put('choom', '-n', String(oomScore), '--')
    if (nice !== undefined) put('nice', '-n', String(nice))
    if (umask !== undefined) put('sh', '-c', `umask ${umask} && exec "$@"`, 'sh')
    const further = groups?.map((one, index) => groupCalled(String(one), at(`groups.${index}`)))
    const ids = [
      ...(this.uid === undefined ? [] : ['--reuid', String(this.uid)]),
      ...(this.gid === undefined ? [] : ['--regid', String(this.gid)]),
    ]
    if (further)
      put('setpriv', ...ids, ...(further.length > 0 ? ['--groups', further.join(',')] : ['--clear-groups']), '--')
    else if (ids.length > 0)
      put(
        'setpriv',
        ...ids,
        this.uid === undefined ? '--keep-groups' : this.#user?.name === undefined ? '--clear-groups' : '--init-groups',
        '--',
      )
    if (platform === 'linux' && own > 0 && handsOnCapabilities())
      put('setpriv', '--ambient-caps=-all', '--inh-caps=-all', '--')
    this.#before = words
  }

  /** The command with this identity. A program that is not there is left to whoever starts it: its error is the better one. */
  wrap<T extends Pick<Command, 'file' | 'args' | 'env'>>(command: T, cwd: string): T {
    const { file, args, env } = command
    const [first, ...words] = [...(this.#group?.before(this.#shell) ?? []), ...this.#before]
    const found = first === undefined ? undefined : findProgram(file, { directory: cwd, path: env.PATH ?? '' })
    return first === undefined || !found ? command : { ...command, file: first, args: [...words, found.file, ...args] }
  }

  /**
   * Demands that its user may enter a folder of scripts; what the system does not tell, the scripts will.
   * @param place of the folder in the configuration
   * @throws {ConfigError} PROCESS_FOLDER
   */
  async demandFolder(folder: string, place: string): Promise<void> {
    const closed = await this.#closedOnTheWay(folder)
    if (closed === undefined) return
    const user = this.#user?.name ?? this.uid
    const message = `${user}, as whom its processes run, may not enter ${closed}: open that folder, move ${folder}, or name another user (process.user)`
    throw new ConfigError('PROCESS_FOLDER', place, message)
  }

  /** The outermost folder, that itself included, which its user may not enter. */
  async #closedOnTheWay(folder: string): Promise<string | undefined> {
    const [first, ...words] = this.#before
    if (this.uid === undefined || first === undefined) return undefined
    const way = [folder]
    for (let at = dirname(folder); at !== way[0]; at = dirname(at)) way.unshift(at)
    const look = 'for at; do [ -x "$at" ] || { printf %s "$at"; exit; }; done'
    const args = [...words, '/bin/sh', '-c', look, 'sh', ...way]
    return new Promise((done) => {
      execFile(first, args, { cwd: '/', timeout: LOOK_MS }, (error, text) =>
        done(error ? undefined : text || undefined),
      )
    })
  }

  /** The environment of the processes, with `more` over what they get of the gateway's. */
  environment(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
    const own = this.#clear ? plainEnvironment(process.env, this.#platform) : process.env
    return programEnvironment(more, this.#platform, { ...own, ...this.login })
  }

  /** What a login has of another user than the gateway's. */
  get login(): Record<string, string> {
    const { name: user, home = '/' } = this.#user ?? {}
    return this.uid === undefined || user === undefined ? {} : { USER: user, LOGNAME: user, HOME: home }
  }
}

/** @throws {ConfigError} PROCESS_PROGRAM */
function toolCalled(program: string, tools: string, path: string): string {
  const found = findProgram(program, { directory: '/', path: tools })
  if (found) return found.file
  throw new ConfigError('PROCESS_PROGRAM', path, `${program} is not there, which sets this: install util-linux`)
}
