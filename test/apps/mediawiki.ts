// MediaWiki below a prefix, with SQLite; its pages have short names, which are no files.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync } from 'node:fs'
import { demand, type Check, type Place, type RealApp } from './app.ts'
import { field, owner, PNG } from './php.ts'
import type { Visitor } from './visitor.ts'

const ADMIN = { name: 'Ann', password: 'Correct-Horse-7' }

/** What its own installer asks for, and what a wiki with short names and uploads adds to its LocalSettings.php. */
function install({ folder, data }: Place): void {
  const database = `${data}/wiki`
  mkdirSync(database)
  const words = [
    'maintenance/install.php',
    '--dbtype=sqlite',
    `--dbpath=${database}`,
    '--scriptpath=/wiki',
    `--pass=${ADMIN.password}`,
  ]
  execFileSync('php', [...words, '--skins=Vector', 'Sidegate', ADMIN.name], { cwd: `${folder}/site`, stdio: 'ignore' })
  appendFileSync(
    `${folder}/site/LocalSettings.php`,
    '\n$wgServer = WebRequest::detectServer();\n$wgArticlePath = "/wiki/$1";\n$wgEnableUploads = true;\n$wgFavicon = false;\n$wgUseImageMagick = false;\n$wgGenerateThumbnailOnParse = false;\n',
  )
  const { uid, gid } = owner()
  for (const own of [database, `${folder}/site/images`, `${folder}/site/cache`])
    execFileSync('chown', ['-R', `${uid}:${gid}`, own])
}

async function token(visitor: Visitor): Promise<string> {
  const answer = await visitor.ask('/wiki/api.php?action=query&meta=tokens&format=json')
  return ((await answer.json()) as { query: { tokens: { csrftoken: string } } }).query.tokens.csrftoken
}

const checks: readonly Check[] = [
  [
    'its front page, with every style sheet, script and image',
    async (visitor) => {
      const page = await visitor.visit('/wiki/')
      demand(page.status === 200 && page.path === '/wiki/Main_Page', `it leads to ${page.path}, status ${page.status}`)
      demand((await visitor.everyPart(page)) > 2, 'the page has no parts')
    },
  ],
  [
    'an administrator logs in',
    async (visitor) => {
      const form = await visitor.visit('/wiki/Special:UserLogin')
      const page = await visitor.submit('/wiki/Special:UserLogin', {
        wpName: ADMIN.name,
        wpPassword: ADMIN.password,
        wpLoginToken: field(form.text, 'wpLoginToken'),
        authAction: 'login',
        title: 'Special:UserLogin',
      })
      demand(
        page.status === 200 && page.text.includes('Special:UserLogout'),
        `it leads to ${page.path}, status ${page.status}`,
      )
    },
  ],
  [
    'a page is written, and has its short name, letters beyond ASCII too',
    async (visitor) => {
      const fields = {
        action: 'edit',
        title: 'Caf\u00e9 & Co',
        text: "It is '''open'''.",
        token: await token(visitor),
        format: 'json',
      }
      const saved = await visitor.submit('/wiki/api.php', fields)
      demand(saved.text.includes('"Success"'), saved.text.slice(0, 300))
      const page = await visitor.visit('/wiki/Caf%C3%A9_%26_Co')
      demand(page.status === 200 && page.text.includes('<b>open</b>'), `status ${page.status}`)
      const nothing = await visitor.visit('/wiki/No_such_page')
      demand(nothing.status === 404 && nothing.text.includes('<html'), `a page that is not there is ${nothing.status}`)
    },
  ],
  [
    'its APIs for programs (api.php, and rest.php by path)',
    async (visitor) => {
      const answer = await visitor.ask('/wiki/rest.php/v1/page/Main_Page')
      demand(
        answer.status === 200 && ((await answer.json()) as { title: string }).title === 'Main Page',
        `status ${answer.status}`,
      )
    },
  ],
  [
    'an upload, which is served then, and its thumbnail, which is made when it is asked for',
    async (visitor) => {
      const body = new FormData()
      const fields = {
        action: 'upload',
        filename: 'Dot.png',
        ignorewarnings: '1',
        token: await token(visitor),
        format: 'json',
      }
      for (const [name, value] of Object.entries(fields)) body.set(name, value)
      body.set('file', new Blob([PNG], { type: 'image/png' }), 'dot.png')
      const answer = await visitor.ask('/wiki/api.php', { method: 'POST', body })
      const { upload } = (await answer.json()) as { upload?: { result: string; imageinfo: { url: string } } }
      demand(upload?.result === 'Success', `it was not taken: ${answer.status}`)
      const path = new URL(upload.imageinfo.url).pathname
      const image = await visitor.ask(path)
      demand(image.status === 200 && image.headers.get('content-type') === 'image/png', `${path} is ${image.status}`)
      demand(Buffer.from(await image.arrayBuffer()).equals(PNG), `${path} is another image`)
      const thumb = await visitor.visit(`${path.replace('/images/', '/images/thumb/')}/120px-Dot.png`)
      demand(!thumb.text.includes('Main Page'), `the thumbnail is a page, status ${thumb.status}`)
    },
  ],
  [
    'nothing of its source and settings is handed out',
    async (visitor) => {
      for (const path of [
        '/LocalSettings.php',
        '/includes/WebStart.php',
        '/maintenance/install.php',
        '/composer.json',
        '/vendor/autoload.php',
      ]) {
        const { status } = await visitor.visit(`/wiki${path}`)
        demand(status === 404, `${path} is ${status}`)
      }
    },
  ],
]

export const mediawiki: RealApp = {
  name: 'mediawiki',
  title: 'MediaWiki',
  packages: { debian: ['mediawiki', 'php-fpm', 'php-cli', 'php-sqlite3'] },
  itself:
    'a copy of `/var/lib/mediawiki`, `php maintenance/install.php --dbtype=sqlite --scriptpath=/wiki`, and in LocalSettings.php `$wgArticlePath = "/wiki/$1"`, `$wgEnableUploads = true`',
  prepare: () => [
    ['rm', '-rf', 'site'],
    ['mkdir', 'site'],
    [
      'sh',
      '-c',
      'for one in /var/lib/mediawiki/*; do [ ! -e "$one" ] || cp -rL --no-preserve=ownership "$one" site/; done; rm -f site/LocalSettings.php',
    ],
  ],
  server(place) {
    install(place)
    // Nobody else runs: SQLite is in PHP. What is started here only keeps the port.
    return { command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', String(place.port)] }
  },
  at: '/wiki',
  mount: () => ({ php: 'site' }),
  checks,
}
