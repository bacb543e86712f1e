// What there is to do in the web server in front of what uWSGI has served so far.
import type { Instance } from './instance.ts'

const PASS: Readonly<Record<string, string>> = { uwsgi: 'uwsgi_pass', fastcgi: 'fastcgi_pass', scgi: 'scgi_pass' }

/** Lines for the report. */
export function hostAdvice(instances: readonly Instance[]): string[] {
  const lines: string[] = []
  for (const { address, isOpen } of instances.flatMap(({ listeners }) => listeners)) {
    const [protocol = '', place = ''] = address.split('://')
    const pass = PASS[protocol]
    lines.push(
      pass === undefined ? `whoever asks ${place} by HTTP goes on to do so` : `nginx: ${pass} ${place} stays as it is`,
    )
    if (isOpen) lines.push(`its address belongs into allow of ${address}`)
  }
  const prefixes = instances.flatMap(({ mounts }) => mounts).filter(({ key }) => key.includes('/') && key !== '/')
  if (prefixes.length > 0)
    lines.push(
      'uwsgi_param SCRIPT_NAME and uwsgi_modifier1 30 are not needed: the path decides which mount has a request',
    )
  if (instances.some(({ mounts }) => mounts.some(({ kind }) => kind !== 'python' && kind !== 'files')))
    lines.push('uwsgi_modifier1 5, 7, 9 and 14 have to go: requests for CGI, PHP and the like have 0 here')
  if (instances.some(({ mounts }) => mounts.some(({ kind }) => kind === 'files')))
    lines.push('sidegate plug nginx has it serve the static files itself')
  return lines
}
