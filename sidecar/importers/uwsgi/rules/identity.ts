// As whom the processes of apps run, and what the system lets them have.
import { isOn, numberIn } from '../option.ts'
import type { Instance } from '../instance.ts'
import { carried, counted, left, refused, type Rule } from '../rule.ts'

const MEGABYTE = 1024 * 1024

/** A name, or a number as one. */
const account = (value: string): string | number => (/^[0-9]+$/.test(value) ? Number(value) : value)

function identity(names: readonly string[], setting: 'user' | 'group'): Rule {
  return {
    names,
    here: `\`process.${setting}\` of the mount, and \`owner\` of its Unix sockets; the gateway stays who started it (\`serve --supervise --user\` gives it another)`,
    take({ value }, instance) {
      instance.set(`process.${setting}`, account(value))
      socketOwner(instance)
      return carried(['app', 'process', setting])
    },
  }
}

/** uWSGI has changed its user by the time it makes its sockets, unless they are given away. */
function socketOwner(instance: Instance): void {
  if (instance.last('chown-socket')) return
  const user = instance.last('uid', 'immediate-uid')?.value ?? ''
  const group = instance.last('gid', 'immediate-gid')?.value
  instance.sockets.owner = group === undefined ? user : `${user}:${group}`
}

const groups: Rule = {
  names: ['add-gid'],
  here: '`process.groups`',
  take(_, instance) {
    instance.set(
      'process.groups',
      instance.all('add-gid').map(({ value }) => account(value)),
    )
    return carried(['app', 'process', 'groups'])
  },
}

const noGroups: Rule = {
  names: ['no-initgroups'],
  here: '`process.groups: []`',
  isSwitch: true,
  take(option, instance) {
    if (!isOn(option)) return carried(undefined, 'it is off')
    if (!instance.last('add-gid')) instance.set('process.groups', [])
    return carried(['app', 'process', 'groups'])
  },
}

const umask: Rule = {
  names: ['umask'],
  here: '`process.umask`, and `mode` of Unix sockets',
  take(option, instance) {
    const digits = /^0?([0-7]{3})$/.exec(option.value)?.[1]
    if (digits === undefined) return left(`${JSON.stringify(option.value)} is no umask: three octal digits`)
    instance.set('process.umask', digits)
    if (!instance.last('chmod-socket', 'chmod'))
      instance.sockets.mode = `0${(0o777 & ~Number.parseInt(digits, 8)).toString(8)}`
    return carried(['app', 'process', 'umask'])
  },
}

const nice: Rule = {
  names: ['prio'],
  here: '`process.nice`',
  take(option, instance) {
    const number = numberIn(option)
    if (number === undefined || number < -20 || number > 19)
      return left(`${JSON.stringify(option.value)} is none of -20 to 19`)
    instance.set('process.nice', number)
    return carried(['app', 'process', 'nice'])
  },
}

/** The rows. */
export const identityRules: readonly Rule[] = [
  counted(['limit-as'], '`process.limits.memory`, in bytes', {
    setting: 'process.limits.memory',
    factor: MEGABYTE,
    most: Number.MAX_SAFE_INTEGER,
  }),
  counted(['limit-nproc'], '`process.limits.processes`', {
    setting: 'process.limits.processes',
    most: Number.MAX_SAFE_INTEGER,
  }),
  counted(['max-fd'], '`process.limits.openFiles`', {
    setting: 'process.limits.openFiles',
    most: Number.MAX_SAFE_INTEGER,
  }),
  identity(['uid', 'immediate-uid'], 'user'),
  identity(['gid', 'immediate-gid'], 'group'),
  groups,
  noGroups,
  umask,
  nice,
  refused(
    ['procname', 'procname-prefix', 'procname-prefix-spaced', 'procname-append', 'procname-master'],
    'processes have names by which `sidegate status` and `ps` tell them apart',
  ),
  refused(['cpu-affinity', 'worker-cpu-affinity'], 'a setting of the service: `CPUAffinity=` of systemd'),
]
