// Variables with which a peer steers the server behind, instead of telling it of a request. PHP-FPM sets php.ini by PHP_VALUE and
// PHP_ADMIN_VALUE, and keeps that for the requests of others; fcgiwrap, and every server of scripts, makes the variables the environment of
// programs, where LD_PRELOAD, PATH or PERL5OPT choose code. A gateway protocol has no authentication, so they end here unless a mount
// asks for them by name. The list is what sudo takes out of an environment, and what languages have added since. Names of other
// characters than a variable of the environment has belong to an app's own environ (wsgi.input, rack.session): they end here too.
import type { Log } from '../log.ts'
import type { Variables } from '../variables.ts'

// Upper case: Windows has no other.
const STEERING: ReadonlySet<string> = new Set([
  // PHP; FastCGI itself says its role.
  'PHP_VALUE',
  'PHP_ADMIN_VALUE',
  'PHPRC',
  'PHP_INI_SCAN_DIR',
  'FCGI_ROLE',
  // Shells.
  'BASHOPTS',
  'BASH_ENV',
  'CDPATH',
  'COMSPEC',
  'ENV',
  'FPATH',
  'GLOBIGNORE',
  'HOME',
  'IFS',
  'NULLCMD',
  'PATH',
  'PATHEXT',
  'PS4',
  'READNULLCMD',
  'SHELL',
  'SHELLOPTS',
  'SYSTEMROOT',
  'TMPDIR',
  'TMPPREFIX',
  'ZDOTDIR',
  // The C library and what programs are linked with.
  'GCONV_PATH',
  'GETCONF_DIR',
  'GLIBC_TUNABLES',
  'HOSTALIASES',
  'LOCALDOMAIN',
  'LOCPATH',
  'MALLOC_TRACE',
  'NLSPATH',
  'OPENSSL_CONF',
  'OPENSSL_ENGINES',
  'OPENSSL_MODULES',
  'PATH_LOCALE',
  'RESOLV_HOST_CONF',
  'RES_OPTIONS',
  'SSLKEYLOGFILE',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'TERMCAP',
  'TERMINFO',
  'TERMINFO_DIRS',
  'TERMPATH',
  'TZDIR',
  // Languages.
  'BUNDLE_GEMFILE',
  'CLASSPATH',
  'GEM_HOME',
  'GEM_PATH',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  'NODE_OPTIONS',
  'NODE_PATH',
  'PERL5DB',
  'PERL5LIB',
  'PERL5OPT',
  'PERLIO_DEBUG',
  'PERLLIB',
  'RUBYLIB',
  'RUBYOPT',
  'RUBYSHELL',
  'TCLLIBPATH',
  '_JAVA_OPTIONS',
  // Where programs look for a proxy; HTTP_PROXY is left out everywhere.
  'ALL_PROXY',
  'FTP_PROXY',
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'NO_PROXY',
])

/** Families. Of git, what its documentation has a web server send to git-http-backend passes. */
const FAMILIES =
  /^(?:UWSGI_|DYLD_|LD_|_RLD|BASH_FUNC_|PYTHON[A-Z]|LUA_(?:C?PATH|INIT)|GIT_(?!PROJECT_ROOT$|HTTP_EXPORT_ALL$|HTTP_MAX_REQUEST_BUFFER$|COMMITTER_))/
const NAME = /^[A-Za-z0-9_]+$/

/** True when a variable of this name steers the server, or what it starts. */
export function isSteering(name: string): boolean {
  // A header field of the client: programs expect those from anybody.
  if (name.startsWith('HTTP_')) return name === 'HTTP_PROXY'
  if (!NAME.test(name)) return true
  const upper = name.toUpperCase()
  return STEERING.has(upper) || FAMILIES.test(upper)
}

/** As many different names are told of; peers choose them. */
const TOLD_MAX = 16

/** Takes such variables out of the requests of one mount. */
export class Steering {
  readonly #allowed: ReadonlySet<string>
  readonly #log: Log
  readonly #mount: string
  readonly #told = new Set<string>()

  /** `allowed`: the names that pass all the same. */
  constructor(allowed: readonly string[], log: Log, mount: string) {
    this.#allowed = new Set(allowed)
    this.#log = log
    this.#mount = mount
  }

  /** Takes them out of `variables`, which nobody else has. */
  remove(variables: Variables): void {
    for (const name in variables) {
      if (!isSteering(name) || this.#allowed.has(name)) continue
      delete variables[name]
      // Apache sends its own PATH with every request.
      if (name !== 'PATH' && name !== 'HTTP_PROXY') this.#tell(name)
    }
  }

  #tell(name: string): void {
    if (this.#told.has(name) || this.#told.size >= TOLD_MAX) return
    this.#told.add(name)
    const message = `requests carry the variable ${JSON.stringify(name)}, which steers a server or what it starts: it is not passed on (allowVariables). This is said once`
    this.#log.warn(message, { code: 'VARIABLE_STEERS', mount: this.#mount })
  }
}
