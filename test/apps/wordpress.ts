// WordPress below a prefix, as Debian has it: one program for several sites, whose settings are found by the variable WORDPRESS_CONFIG.
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { demand, type Check, type RealApp } from './app.ts'
import { LOGIN, MARIADB, databaseSocket, mariadb } from './mariadb.ts'
import { field, owner, PNG } from './php.ts'
import type { Visitor } from './visitor.ts'

const SITE = 'sidegate'
const ADMIN = { log: 'ann', pwd: 'Correct-Horse-7' }

function settings(folder: string, socket: string): string {
  return `<?php
define('DB_NAME', '${LOGIN.database}');
define('DB_USER', '${LOGIN.user}');
define('DB_PASSWORD', '${LOGIN.password}');
define('DB_HOST', 'localhost:${socket}');
define('WP_CONTENT_DIR', '${folder}/site/wp-content');
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
foreach (['AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT'] as $name)
  define($name, md5($name));
`
}

async function login(visitor: Visitor): Promise<void> {
  await visitor.visit('/blog/wp-login.php')
  const page = await visitor.submit('/blog/wp-login.php', { ...ADMIN, 'wp-submit': 'Log In', testcookie: '1' })
  demand(
    page.status === 200 && page.path.startsWith('/blog/wp-admin/'),
    `it leads to ${page.path}, status ${page.status}`,
  )
}

const checks: readonly Check[] = [
  [
    'it is installed in the browser',
    async (visitor) => {
      const start = await visitor.visit('/blog/')
      demand(
        start.path.startsWith('/blog/wp-admin/install.php'),
        `the front page leads to ${start.path}: ${start.text.slice(0, 300)}`,
      )
      const page = await visitor.submit('/blog/wp-admin/install.php?step=2', {
        weblog_title: 'Sidegate',
        user_name: ADMIN.log,
        admin_password: ADMIN.pwd,
        admin_password2: ADMIN.pwd,
        admin_email: 'ann@example.com',
        blog_public: '0',
        Submit: 'Install WordPress',
      })
      demand(
        page.status === 200 && page.text.includes('wp-login.php'),
        `status ${page.status}: ${page.text.slice(-600)}`,
      )
    },
  ],
  [
    'its front page, with every style sheet, script and image',
    async (visitor) => {
      const page = await visitor.visit('/blog/')
      demand(page.status === 200 && page.text.includes('Hello world!'), `status ${page.status}`)
      demand((await visitor.everyPart(page)) > 0, 'the page has no parts')
    },
  ],
  [
    'an administrator logs in, and their page has every part',
    async (visitor) => {
      await login(visitor)
      const page = await visitor.visit('/blog/wp-admin')
      demand(page.path === '/blog/wp-admin/' && page.text.includes('Dashboard'), `it leads to ${page.path}`)
      demand((await visitor.everyPart(page)) > 10, 'the page has no parts')
    },
  ],
  [
    'permalinks without index.php, which it has found out by itself to work',
    async (visitor) => {
      const page = await visitor.visit('/blog/')
      const [, link = ''] = /href="https?:\/\/[^/"]+(\/blog\/\d{4}\/\d\d\/\d\d\/hello-world\/)"/.exec(page.text) ?? []
      demand(link !== '', 'the front page links to ?p=1 or to index.php/')
      const post = await visitor.visit(link)
      demand(post.status === 200 && post.path === link && post.text.includes('Hello world!'), `status ${post.status}`)
      const nothing = await visitor.visit('/blog/there/is/no/such/page/')
      demand(nothing.status === 404 && nothing.text.includes('<html'), `a page that is not there is ${nothing.status}`)
    },
  ],
  [
    'its API for programs (wp-json), by path',
    async (visitor) => {
      const answer = await visitor.ask('/blog/wp-json/wp/v2/posts')
      demand(
        answer.status === 200 && JSON.stringify(await answer.json()).includes('Hello world!'),
        `status ${answer.status}`,
      )
    },
  ],
  [
    'an upload, which is served then, and cannot be a script',
    async (visitor) => {
      const form = await visitor.visit('/blog/wp-admin/media-new.php?browser-uploader')
      const body = new FormData()
      body.set('async-upload', new Blob([PNG], { type: 'image/png' }), 'dot.png')
      body.set('html-upload', 'Upload')
      body.set('post_id', '0')
      body.set('_wpnonce', field(form.text, '_wpnonce'))
      body.set('_wp_http_referer', '/blog/wp-admin/media-new.php')
      const list = await visitor.visit('/blog/wp-admin/media-new.php', { method: 'POST', body })
      demand(list.status === 200 && list.path.startsWith('/blog/wp-admin/upload.php'), `it leads to ${list.path}`)
      const media = (await (await visitor.ask('/blog/wp-json/wp/v2/media')).json()) as { source_url: string }[]
      const path = new URL(media[0]!.source_url).pathname
      const image = await visitor.ask(path)
      demand(image.status === 200 && image.headers.get('content-type') === 'image/png', `${path} is ${image.status}`)
      demand(Buffer.from(await image.arrayBuffer()).equals(PNG), `${path} is another image`)
    },
  ],
  [
    'nothing of its source and settings is handed out',
    async (visitor) => {
      for (const path of [
        '/wp-config.php',
        '/readme.html',
        '/.htaccess',
        '/wp-content/uploads/x.php',
        '/wp-config-sample.php~',
      ]) {
        const { status, text } = await visitor.visit(`/blog${path}`)
        demand(!text.includes('<?php') && !text.includes('DB_PASSWORD'), `${path} is handed out (${status})`)
      }
    },
  ],
]

export const wordpress: RealApp = {
  name: 'wordpress',
  title: 'WordPress',
  packages: { debian: ['wordpress', 'wordpress-theme-twentytwentythree', 'php-fpm', 'php-gd', ...MARIADB] },
  itself:
    'a copy of `/usr/share/wordpress`, whose `wp-content/uploads` is of www-data, and `/etc/wordpress/config-sidegate.php`',
  prepare: () => [
    ['rm', '-rf', 'site'],
    ['cp', '-rL', '--no-preserve=ownership', '/usr/share/wordpress', 'site'],
    ['mkdir', '-p', 'site/wp-content/uploads'],
    ['chown', 'www-data:', 'site/wp-content/uploads'],
  ],
  server(place) {
    // The images of users come from another server, which nobody asks for here.
    mkdirSync(`${place.folder}/site/wp-content/mu-plugins`, { recursive: true })
    writeFileSync(
      `${place.folder}/site/wp-content/mu-plugins/no-avatars.php`,
      "<?php add_filter('pre_option_show_avatars', '__return_zero');\n",
    )
    const file = `/etc/wordpress/config-${SITE}.php`
    writeFileSync(file, settings(place.folder, databaseSocket(place)), { mode: 0o640 })
    const { uid, gid } = owner()
    chownSync(file, uid, gid)
    return mariadb(place)
  },
  at: '/blog',
  mount: () => ({ php: 'site', use: [{ variables: { set: { WORDPRESS_CONFIG: SITE } } }] }),
  checks,
}
