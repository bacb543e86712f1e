// Redmine as Debian has it, run by puma as Debian's own user, below a prefix.
import { chmodSync, writeFileSync } from 'node:fs'
import { demand, type RealApp } from './app.ts'
import { Visitor } from './visitor.ts'

const RACK = `require '/usr/share/redmine/config/environment'
map('/redmine') { run Rails.application }
`

export const redmine: RealApp = {
  name: 'redmine',
  title: 'Redmine',
  packages: { debian: ['redmine', 'redmine-sqlite', 'ruby-sqlite3', 'puma'] },
  itself: "`map('/redmine') { run Rails.application }` in config.ru",
  at: '/redmine',
  mount({ data }) {
    // For the user that the command runs as.
    chmodSync(data, 0o755)
    writeFileSync(`${data}/config.ru`, RACK)
    return {
      run: `puma --quiet --environment production --bind unix://$SOCKET ${data}/config.ru`,
      speaks: 'http',
      cwd: '/usr/share/redmine',
      env: { RAILS_RELATIVE_URL_ROOT: '/redmine', REDMINE_INSTANCE: 'default', HOME: data },
      process: { user: 'www-data' },
      keepPrefix: true,
      startTimeout: 120,
    }
  },
  checks: [
    [
      'its front page with every script, style sheet and picture',
      async (visitor) => {
        const page = await visitor.visit('/redmine')
        demand(page.status === 200 && page.text.includes('Redmine'), `status ${page.status}`)
        demand((await visitor.everyPart(page)) > 5, 'the page has no parts')
      },
    ],
    [
      'a login, its cookie and its redirect',
      async (visitor) => {
        const form = await visitor.visit('/redmine/login')
        const token = /name="authenticity_token" value="([^"]+)"/.exec(form.text)?.[1] ?? ''
        const page = await visitor.submit('/redmine/login', {
          authenticity_token: token,
          username: 'admin',
          password: 'admin',
        })
        // Who comes for the first time has to choose a password.
        demand(
          page.status === 200 && page.path.startsWith('/redmine/my/'),
          `it leads to ${page.path}, status ${page.status}`,
        )
      },
    ],
    [
      'what needs a login leads there, and says where back to',
      async ({ base }) => {
        const page = await new Visitor(base).visit('/redmine/admin')
        const back = new URL(page.path, base).searchParams.get('back_url')
        demand(page.path.startsWith('/redmine/login?') && back === `${base}/redmine/admin`, `it leads to ${page.path}`)
      },
    ],
    [
      'lists as JSON and as Atom, whose links have the prefix',
      async (visitor) => {
        const json = await visitor.visit('/redmine/projects.json')
        demand(json.text.includes('"projects"'), `status ${json.status}`)
        const atom = await visitor.visit('/redmine/projects.atom')
        demand(atom.text.includes(`${visitor.base}/redmine/projects`), `status ${atom.status}`)
      },
    ],
  ],
}
