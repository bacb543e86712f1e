// Says which of the web servers and Python frameworks that the tests run are not on this machine, and installs them
// where it may: on a Debian-like system, as root. `npm test` calls it first. With CI=true nothing may be missing.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

// Debian's packages are for Debian's own Python, which need not be the first one on the PATH.
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3'

const onPath = (name) =>
  [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'].some((folder) =>
    existsSync(`${folder}/${name}`),
  )

/** Which of these modules Python can import; all of them are asked for at once, and none is loaded. */
function importable(modules) {
  const script = 'import sys, importlib.util as u; print(*[m for m in sys.argv[1:] if u.find_spec(m)])'
  const { stdout } = spawnSync(python, ['-c', script, ...modules], { encoding: 'utf8' })
  return (stdout ?? '').trim().split(' ')
}

/** Everything the tests need from outside: its name, the Debian package that brings it, whether it is there. */
function needs() {
  const modules = importable([
    'sys',
    'ensurepip',
    'flask',
    'django',
    'bottle',
    'pyramid',
    'tornado',
    'gevent',
    'eventlet',
    'websockets',
    'paste',
  ])
  return [
    { name: 'nginx', debian: 'nginx-light', there: onPath('nginx') },
    { name: 'Python 3', debian: 'python3', there: modules.includes('sys') },
    { name: "Python's venv", debian: 'python3-venv', there: modules.includes('ensurepip') },
    { name: 'Flask', debian: 'python3-flask', there: modules.includes('flask') },
    { name: 'Django', debian: 'python3-django', there: modules.includes('django') },
    { name: 'Bottle', debian: 'python3-bottle', there: modules.includes('bottle') },
    { name: 'Pyramid', debian: 'python3-pyramid', there: modules.includes('pyramid') },
    { name: 'Tornado', debian: 'python3-tornado', there: modules.includes('tornado') },
    { name: 'gevent', debian: 'python3-gevent', there: modules.includes('gevent') },
    { name: 'eventlet', debian: 'python3-eventlet', there: modules.includes('eventlet') },
    { name: 'Paste Deploy', debian: 'python3-pastedeploy', there: modules.includes('paste') },
    { name: 'uWSGI', debian: 'uwsgi-core', there: onPath('uwsgi') },
    {
      name: "uWSGI's Python",
      debian: 'uwsgi-plugin-python3',
      there: existsSync('/usr/lib/uwsgi/plugins/python3_plugin.so'),
    },
    {
      name: 'PHP-FPM',
      debian: 'php-fpm',
      // Its name has its version in it.
      there: existsSync('/usr/sbin') && readdirSync('/usr/sbin').some((name) => /^php-fpm[0-9.]*$/.test(name)),
    },
    { name: 'fcgiwrap', debian: 'fcgiwrap', there: onPath('fcgiwrap') },
    { name: 'Java', debian: 'default-jre-headless', there: onPath('java') },
    { name: 'Tomcat 10', debian: 'tomcat10-common', there: existsSync('/usr/share/tomcat10/bin/bootstrap.jar') },
    { name: 'OpenSSL', debian: 'openssl', there: onPath('openssl') },
    { name: 'Apache', debian: 'apache2', there: onPath('apache2') },
    { name: 'lighttpd', debian: 'lighttpd', there: onPath('lighttpd') },
    { name: 'HAProxy', debian: 'haproxy', there: onPath('haproxy') },
    { name: 'Caddy', debian: 'caddy', there: onPath('caddy') },
    { name: 'Plack', debian: 'libplack-perl', there: onPath('plackup') },
    { name: "Perl's FastCGI", debian: 'libfcgi-perl', there: spawnSync('perl', ['-MFCGI', '-e', '1']).status === 0 },
    {
      name: "Perl's FastCGI process manager",
      debian: 'libfcgi-procmanager-perl',
      there: existsSync('/usr/share/perl5/FCGI/ProcManager.pm'),
    },
    { name: 'Puma', debian: 'puma', there: onPath('puma') },
    { name: 'Rack', debian: 'ruby-rack', there: onPath('rackup') },
    { name: "Ruby's FastCGI", debian: 'ruby-fcgi', there: spawnSync('ruby', ['-rfcgi', '-e', '1']).status === 0 },
    { name: 'WSAPI', debian: 'lua-wsapi-fcgi', there: onPath('wsapi.fcgi') },
    { name: 'spawn-fcgi', debian: 'spawn-fcgi', there: onPath('spawn-fcgi') },
    { name: 'PHP by CGI', debian: 'php-cgi', there: onPath('php-cgi') },
    { name: 'systemd', debian: 'systemd', there: existsSync('/usr/lib/systemd/systemd') },
    { name: 'Gunicorn', debian: 'gunicorn', there: onPath('gunicorn') },
    { name: 'Uvicorn', debian: 'uvicorn', there: onPath('uvicorn') },
    { name: "Uvicorn's WebSockets", debian: 'python3-websockets', there: modules.includes('websockets') },
    // The next three are for the tests on Windows programs: what else those need is made by test/windows/setup.ts.
    { name: 'Wine', debian: 'wine64', there: existsSync('/usr/lib/wine/wine64') },
    { name: 'MinGW', debian: 'gcc-mingw-w64-x86-64', there: onPath('x86_64-w64-mingw32-gcc') },
    { name: 'Maven', debian: 'maven', there: onPath('mvn') },
  ]
}

// Debian starts a service as soon as it is installed, unless this file says no (exit status 101).
const policy = '/usr/sbin/policy-rc.d'
const kept = '/usr/sbin/policy-rc.d.before-sidegate'
const startNothing =
  '#!/bin/sh\n# sidegate: no service is started while the packages for its tests are installed\nexit 101\n'
const isOurs = () => existsSync(policy) && readFileSync(policy, 'utf8') === startNothing

function withoutStartingServices(work) {
  // an interrupt ends apt-get; then the file of before is put back
  const ignore = () => {}
  process.on('SIGINT', ignore).on('SIGTERM', ignore)
  // ours is there already where a run was killed, or where another one goes on
  if (existsSync(policy) && !isOurs()) renameSync(policy, kept)
  writeFileSync(policy, startNothing, { mode: 0o755 })
  try {
    work()
  } finally {
    if (existsSync(kept)) renameSync(kept, policy)
    else if (isOurs()) rmSync(policy)
    process.off('SIGINT', ignore).off('SIGTERM', ignore)
  }
}

function aptGet(command, ...options) {
  const quiet = ['-qq', '-y', '-o', 'DPkg::Lock::Timeout=120']
  const { status, stdout, stderr, error } = spawnSync('apt-get', [...quiet, command, ...options], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    encoding: 'utf8',
    maxBuffer: Infinity,
  })
  if (status !== 0) console.error(`sidegate: apt-get ${command} failed\n${error?.message ?? stdout + stderr}`)
}

const missingNeeds = () => needs().filter((need) => !need.there)
const packagesOf = (missing) => missing.map((need) => need.debian).join(' ')

let missing = missingNeeds()
if (missing.length && process.getuid?.() === 0 && existsSync('/var/lib/dpkg/status') && onPath('apt-get')) {
  console.log(`sidegate: installing Debian packages for the tests: ${packagesOf(missing)}`)
  aptGet('update')
  withoutStartingServices(() => {
    aptGet('install', '--no-install-recommends', ...missing.map((need) => need.debian))
  })
  missing = missingNeeds()
}

if (missing.length) {
  console.error(`sidegate: not on this machine: ${missing.map((need) => need.name).join(', ')}`)
  console.error(`sidegate: the tests that need it cannot run; on Debian: apt-get install ${packagesOf(missing)}`)
  // continuous integration skips nothing
  if (process.env.CI === 'true') process.exit(1)
}
