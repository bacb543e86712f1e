// Extensions: asked of servers that say that they have them.
import { deepEqual, equal, ok } from 'node:assert/strict'
import type { Case } from '../../case.ts'
import { FILE_SIZE } from '../../material.ts'
import { asgiCase, noted, offers, stillServes } from './asked.ts'

const DIGITS = Buffer.from('0123456789'.repeat(FILE_SIZE / 10))
const NO_INTERIM = 'carries one head a response'
const ONE_HEAD = { uwsgi: NO_INTERIM, scgi: NO_INTERIM, fastcgi: NO_INTERIM, ajp: NO_INTERIM }
const EARLY = 'ASGI extension http.response.early_hint'
const PATHSEND = 'ASGI extension http.response.pathsend'

export const extensions: readonly Case[] = [
  asgiCase({
    name: 'early-hint',
    spec: `${EARLY}; RFC 8297: 103 with the links, then the response`,
    app: 'early-hint',
    notOver: ONE_HEAD,
    async live(live, run) {
      await offers(run, 'http.response.early_hint')
      equal((await live.whole()).text, 'hinted\n')
      const links = live.interim.flatMap(({ status, headers }) =>
        headers.filter(([name]) => status === 103 && name.toLowerCase() === 'link').map(([, value]) => value),
      )
      deepEqual(links, ['</style.css>; rel=preload; as=style', '</script.js>; rel=preload; as=script'])
    },
  }),
  asgiCase({
    name: 'early-hint-left-out',
    spec: `${EARLY}: a server may ignore it; where only one head can be sent, that is the response's`,
    app: 'early-hint',
    async live(live, run) {
      await offers(run, 'http.response.early_hint')
      deepEqual([(await live.whole()).status, live.answer?.text], [200, 'hinted\n'])
    },
  }),
  asgiCase({
    name: 'pathsend',
    spec: `${PATHSEND}: the file is the body`,
    app: 'pathsend',
    async live(live, run) {
      await offers(run, 'http.response.pathsend')
      const { status, body, complete } = await live.whole()
      deepEqual([status, complete, body.equals(DIGITS)], [200, true, true])
      await noted(run, 'the app has sent it', (seen) => seen.sent === true)
    },
  }),
  asgiCase({
    name: 'pathsend-head',
    spec: `${PATHSEND}; RFC 9110 9.3.2: no body behind HEAD`,
    app: 'pathsend',
    request: { method: 'HEAD', target: '/?token=TOKEN' },
    async live(live, run) {
      await offers(run, 'http.response.pathsend')
      const answer = await live.whole()
      deepEqual([answer.status, answer.extra, answer.header('content-length')], [200, 0, String(FILE_SIZE)])
    },
  }),
  asgiCase({
    name: 'pathsend-missing',
    spec: `${PATHSEND}: a file that is not there is an error, not an empty response`,
    app: 'pathsend-missing',
    async live(live, run) {
      await offers(run, 'http.response.pathsend')
      await live.wait('the end of the response', () => live.ended)
      ok(live.answer?.status !== 200 || !live.answer.complete, 'a complete response came of it')
      await stillServes(run)
    },
  }),
  asgiCase({
    name: 'zerocopysend',
    spec: 'ASGI extension http.response.zerocopysend: mixed with other parts, with offset and count',
    app: 'zerocopysend',
    async live(live, run) {
      await offers(run, 'http.response.zerocopysend')
      equal((await live.whole()).text, 'before 5678901234789')
    },
  }),
  asgiCase({
    name: 'trailers',
    spec: 'ASGI extension http.response.trailers: behind the body, for a client that says TE: trailers',
    app: 'trailers',
    notOver: ONE_HEAD,
    request: { target: '/?token=TOKEN', headers: [['TE', 'trailers']] },
    async live(live, run) {
      await offers(run, 'http.response.trailers')
      const { text, trailers, complete } = await live.whole()
      deepEqual([text, complete, trailers], ['with trailers\n', true, [['x-sum', 'abc']]])
    },
  }),
  asgiCase({
    name: 'trailers-unasked',
    spec: 'ASGI extension http.response.trailers: not for a client that does not ask',
    app: 'trailers',
    async live(live, run) {
      await offers(run, 'http.response.trailers')
      const { text, trailers, complete } = await live.whole()
      deepEqual([text, complete, trailers], ['with trailers\n', true, []])
    },
  }),
]
