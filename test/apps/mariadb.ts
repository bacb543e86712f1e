// A MariaDB of an application's own: in its fresh folder, on its port and a socket, with one user and one database.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Place } from './app.ts'

/** Whom it lets in. */
export const LOGIN = { user: 'sidegate', password: 'secret', database: 'site' } as const

/** What of Debian an application with a database needs. */
export const MARIADB: readonly string[] = ['mariadb-server', 'php-mysql']

/** The socket that PHP finds it by. */
export function databaseSocket({ data }: Pick<Place, 'data'>): string {
  return `${data}/mysql.sock`
}

/** Makes it, and says how it is started. */
export function mariadb(place: Place): { readonly command: readonly string[] } {
  const { data, port } = place
  const folder = `${data}/mysql`
  const own = ['--no-defaults', `--datadir=${folder}`, `--user=${process.getuid?.() === 0 ? 'root' : process.env.USER}`]
  execFileSync('mariadb-install-db', [...own, '--skip-test-db', '--auth-root-authentication-method=normal'], {
    stdio: 'ignore',
  })
  const { user, password, database } = LOGIN
  const first = `${data}/first.sql`
  writeFileSync(
    first,
    ['localhost', '127.0.0.1']
      .flatMap((host) => [
        `CREATE USER '${user}'@'${host}' IDENTIFIED BY '${password}';`,
        `GRANT ALL ON *.* TO '${user}'@'${host}';`,
      ])
      .concat(`CREATE DATABASE ${database};\n`)
      .join('\n'),
  )
  const listens = [
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    `--socket=${databaseSocket(place)}`,
  ]
  const small = ['--innodb-buffer-pool-size=32M', '--performance-schema=0', '--innodb-flush-log-at-trx-commit=0']
  return { command: ['mariadbd', ...own, ...listens, ...small, `--init-file=${first}`, `--pid-file=${data}/mysql.pid`] }
}
