// Graphite's web app, whose URL_PREFIX stands in its routes: it wants to see the prefix in PATH_INFO.
import { demand, type RealApp } from './app.ts'

export const graphite: RealApp = {
  name: 'graphite',
  title: 'Graphite',
  packages: { pip: ['graphite-web==1.1.10', 'whisper==1.1.10', 'whitenoise==6.11.0', 'setuptools<81'] },
  itself: "`URL_PREFIX = '/graphite'`",
  files: ({ data, folder }) => ({
    'graphite_local.py': `from graphite.settings import *
SECRET_KEY = 'secret'
URL_PREFIX = '/graphite'
STATIC_URL = '/graphite/static/'
GRAPHITE_ROOT = ${JSON.stringify(data)}
CONTENT_DIR = STATIC_ROOT = GRAPHITE_ROOT + '/static'
STORAGE_DIR = GRAPHITE_ROOT
LOG_DIR = GRAPHITE_ROOT
STATICFILES_DIRS = [${JSON.stringify(folder)} + '/.venv/webapp/content']
WHISPER_DIR = CERES_DIR = GRAPHITE_ROOT + '/whisper'
STANDARD_DIRS = [WHISPER_DIR]
INDEX_FILE = GRAPHITE_ROOT + '/index'
DATABASES = {'default': {'NAME': GRAPHITE_ROOT + '/graphite.db', 'ENGINE': 'django.db.backends.sqlite3'}}
ALLOWED_HOSTS = ['*']
`,
  }),
  prepare: ({ data }) => {
    const admin = ['.venv/bin/django-admin']
    const settings = ['--settings', 'graphite_local', '--pythonpath', '.']
    return [
      ['mkdir', '-p', `${data}/whisper`],
      [...admin, 'migrate', ...settings, '--run-syncdb'],
      [...admin, 'collectstatic', ...settings, '--noinput'],
    ]
  },
  at: '/graphite',
  mount: ({ data }) => ({
    python: 'django.core.wsgi:get_wsgi_application()',
    wrap: [`whitenoise:WhiteNoise("${data}/static", prefix="graphite/static/")`],
    venv: '.venv',
    env: { DJANGO_SETTINGS_MODULE: 'graphite_local' },
    keepPrefix: true,
  }),
  checks: [
    [
      'its front page, and what frames and scripts it names',
      async (visitor) => {
        const page = await visitor.visit('/graphite/')
        demand(page.status === 200 && page.text.includes('Graphite'), `status ${page.status}`)
        const frame = await visitor.visit('/graphite/composer')
        demand(frame.status === 200, `the composer: ${frame.status}`)
        demand((await visitor.everyPart(frame)) > 3, 'the page has no parts')
      },
    ],
    [
      'a graph as a picture, and its figures as JSON',
      async (visitor) => {
        const query = 'target=constantLine(5)&from=-1min&format='
        const json = await visitor.visit(`/graphite/render?${query}json`)
        demand(json.text.includes('[5'), `status ${json.status}: ${json.text.slice(0, 200)}`)
        const picture = await visitor.ask(`/graphite/render?${query}svg`)
        demand(picture.status === 200, `the picture: ${picture.status}`)
        await picture.body?.cancel()
      },
    ],
    [
      'the search for dashboards',
      async (visitor) => {
        const found = await visitor.visit('/graphite/dashboard/find/?query=')
        demand(found.status === 200 && found.text.includes('dashboards'), `status ${found.status}`)
      },
    ],
  ],
}
