// phpMyAdmin as Debian has it, with a database server of its own.
import { demand, type Check, type RealApp } from './app.ts'
import { databaseSocket, LOGIN, MARIADB, mariadb } from './mariadb.ts'
import { field } from './php.ts'
import type { Visitor } from './visitor.ts'

const AT = '/phpmyadmin'

/** What every form has. */
async function token(visitor: Visitor): Promise<string> {
  const page = await visitor.visit(`${AT}/index.php?route=/database/structure&db=${LOGIN.database}`)
  return field(page.text, 'token')
}

const checks: readonly Check[] = [
  [
    'its page to log in, with every style sheet, script and image',
    async (visitor) => {
      const page = await visitor.visit(`${AT}/`)
      demand(page.status === 200 && page.text.includes('phpMyAdmin'), `status ${page.status}`)
      demand((await visitor.everyPart(page)) > 5, 'the page has no parts')
    },
  ],
  [
    'a user of the database logs in, and sees it; every part of that page',
    async (visitor) => {
      const form = await visitor.visit(`${AT}/`)
      const page = await visitor.submit(`${AT}/index.php?route=/`, {
        pma_username: LOGIN.user,
        pma_password: LOGIN.password,
        server: '1',
        set_session: field(form.text, 'set_session'),
        token: field(form.text, 'token'),
      })
      demand(page.status === 200 && page.text.includes('Database server'), `status ${page.status}`)
      demand((await visitor.everyPart(page)) > 20, 'the page has no parts')
    },
  ],
  [
    'a dump is uploaded (import), and what was in it is there',
    async (visitor) => {
      const body = new FormData()
      const fields = {
        import_type: 'database',
        db: LOGIN.database,
        format: 'sql',
        token: await token(visitor),
        charset_of_file: 'utf-8',
        skip_queries: '0',
        sql_compatibility: 'NONE',
        noplugin: 'x',
        MAX_FILE_SIZE: '2097152',
      }
      for (const [name, value] of Object.entries(fields)) body.set(name, value)
      const dump = "CREATE TABLE tea (name VARCHAR(20));\nINSERT INTO tea VALUES ('Darjeeling');\n"
      body.set('import_file', new Blob([dump]), 'dump.sql')
      const answer = await visitor.visit(`${AT}/index.php?route=/import`, { method: 'POST', body })
      demand(answer.status === 200, `status ${answer.status}`)
      const page = await visitor.visit(`${AT}/index.php?route=/sql&db=${LOGIN.database}&table=tea`)
      demand(page.text.includes('Darjeeling'), `the table is not there, status ${page.status}`)
    },
  ],
  [
    'nothing of its source and templates is handed out',
    async (visitor) => {
      for (const path of [
        '/libraries/common.inc.php',
        '/libraries/classes/Core.php',
        '/templates/base.twig',
        '/sql/create_tables.sql',
        '/config.sample.inc.php',
        '/autoload.php',
      ]) {
        const { text } = await visitor.visit(AT + path)
        demand(
          !text.includes('<?php') && !text.includes('CREATE TABLE') && !text.includes('{%'),
          `${path} is handed out`,
        )
      }
    },
  ],
]

export const phpmyadmin: RealApp = {
  name: 'phpmyadmin',
  title: 'phpMyAdmin',
  packages: { debian: ['phpmyadmin', 'php-fpm', ...MARIADB] },
  server: mariadb,
  at: AT,
  mount: (place) => ({
    php: '/usr/share/phpmyadmin',
    followSymlinks: true,
    ini: { 'mysqli.default_socket': databaseSocket(place) },
  }),
  checks,
}
