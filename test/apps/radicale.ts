// Radicale, a server of calendars and address books (CalDAV, CardDAV), below a prefix.
import { demand, type RealApp } from './app.ts'

const EVENT = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  'PRODID:-//test',
  'BEGIN:VEVENT',
  'UID:one',
  'DTSTAMP:20260101T000000Z',
  'DTSTART:20260102T100000Z',
  'SUMMARY:Lunch',
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n')

const signed = { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` }

export const radicale: RealApp = {
  name: 'radicale',
  title: 'Radicale',
  packages: { pip: ['radicale==3.9.0'] },
  itself: '`[auth] type = htpasswd`',
  files: ({ data }) => ({
    users: 'ann:secret\n',
    'radicale.ini': `[auth]\ntype = htpasswd\nhtpasswd_filename = users\nhtpasswd_encryption = plain\n[storage]\nfilesystem_folder = ${data}/collections\n`,
  }),
  at: '/dav',
  mount: () => ({ python: 'radicale', venv: '.venv', env: { RADICALE_CONFIG: 'radicale.ini' } }),
  checks: [
    [
      'its page to log in, with every script and style sheet',
      async (visitor) => {
        const page = await visitor.visit('/dav/.web/')
        demand(page.status === 200 && page.text.includes('Radicale'), `status ${page.status}`)
        demand((await visitor.everyPart(page)) > 1, 'the page has no parts')
      },
    ],
    [
      'where the folders of a user are (PROPFIND), with the prefix',
      async (visitor) => {
        const body = '<propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>'
        const response = await visitor.ask('/dav/', { method: 'PROPFIND', body, headers: { ...signed, Depth: '0' } })
        const text = await response.text()
        demand(response.status === 207 && text.includes('<href>/dav/ann/</href>'), `status ${response.status}: ${text}`)
      },
    ],
    [
      'a calendar is made, an event written, moved to another name (Destination) and read',
      async (visitor) => {
        const made = await visitor.ask('/dav/ann/work/', { method: 'MKCALENDAR', headers: signed })
        demand(made.status === 201, `MKCALENDAR: ${made.status}`)
        const headers = { ...signed, 'Content-Type': 'text/calendar' }
        const put = await visitor.ask('/dav/ann/work/one.ics', { method: 'PUT', body: EVENT, headers })
        demand(put.status === 201, `PUT: ${put.status}`)
        const moved = await visitor.ask('/dav/ann/work/one.ics', {
          method: 'MOVE',
          headers: { ...signed, Destination: `${visitor.base}/dav/ann/work/two.ics` },
        })
        demand(moved.status === 201, `MOVE: ${moved.status} ${await moved.text()}`)
        const read = await visitor.ask('/dav/ann/work/two.ics', { headers: signed })
        demand((await read.text()).includes('SUMMARY:Lunch'), `GET: ${read.status}`)
      },
    ],
    [
      'nobody without a password gets in',
      async (visitor) => {
        const response = await visitor.ask('/dav/ann/work/', { method: 'PROPFIND' })
        demand(response.status === 401, `status ${response.status}`)
      },
    ],
  ],
}
