// Adminer: a single file, and the simplest PHP application.
import { demand, type Check, type RealApp } from './app.ts'
import { databaseSocket, LOGIN, MARIADB, mariadb } from './mariadb.ts'

const checks: readonly Check[] = [
  [
    'its page to log in, with every style sheet and script',
    async (visitor) => {
      const page = await visitor.visit('/db')
      demand(
        page.status === 200 && page.path === '/db/' && page.text.includes('Adminer'),
        `it leads to ${page.path}, status ${page.status}`,
      )
      demand((await visitor.everyPart(page)) > 1, 'the page has no parts')
    },
  ],
  [
    'a user of the database logs in, and sees it',
    async (visitor, place) => {
      const page = await visitor.submit('/db/', {
        'auth[driver]': 'server',
        'auth[server]': `localhost:${databaseSocket(place)}`,
        'auth[username]': LOGIN.user,
        'auth[password]': LOGIN.password,
        'auth[db]': LOGIN.database,
      })
      demand(
        page.status === 200 && page.path.startsWith('/db/?') && page.text.includes('Create table'),
        `${page.path} is ${page.status}`,
      )
    },
  ],
]

export const adminer: RealApp = {
  name: 'adminer',
  title: 'Adminer',
  packages: { debian: ['adminer', 'php-fpm', ...MARIADB] },
  server: mariadb,
  at: '/db',
  mount: () => ({ php: '/usr/share/adminer', index: ['adminer.php'], closed: ['/plugins/', '/editor/', '/adminer/'] }),
  checks,
}
