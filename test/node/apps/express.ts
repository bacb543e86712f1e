// An Express 5 app that uses what Express apps use.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import compression from 'compression'
import express, { type NextFunction, type Request, type Response } from 'express'

const here = fileURLToPath(new URL('.', import.meta.url))
const app = express()
app.set('etag', 'strong')

app.get('/', (_, res) => void res.send('root'))
app.get('/hello', (_, res) => void res.type('text').send('Hello'))
app.get('/json', (req, res) => void res.json({ query: req.query, headers: req.headers['x-a'] ?? null }))
app.get('/request', (req, res) => {
  const { url, originalUrl, baseUrl, path, ip, protocol, secure, hostname, httpVersion } = req
  res.json({ url, originalUrl, baseUrl, path, ip, protocol, secure, hostname, httpVersion, raw: req.rawHeaders.length })
})
app.post('/json', express.json(), (req, res) => void res.json(req.body))
app.post('/form', express.urlencoded({ extended: true }), (req, res) => void res.json(req.body))
app.post('/text', express.text({ limit: 10 }), (req, res) => void res.send(req.body))
app.post('/count', async (req, res) => {
  let bytes = 0
  for await (const chunk of req) bytes += (chunk as Buffer).length
  res.json({ bytes, complete: req.complete })
})
app.post('/unread', (_, res) => void res.status(201).send('not read'))
app.post('/echo', (req, res) => void req.pipe(res))
app.get('/stream', async (_, res) => {
  await pipeline(Readable.from(['a', 'b', Buffer.from('c')]), res)
})
app.get('/big', (_, res) => {
  let left = 64
  const more = (): void => {
    while (left-- > 0) if (!res.write(Buffer.alloc(65536, left))) return void res.once('drain', more)
    res.end()
  }
  more()
})
app.get('/file', (_, res) => res.sendFile(`${here}alphabet.txt`))
app.get('/missing-file', (_, res, next) => res.sendFile(`${here}no-such.txt`, (error) => next(error)))
app.get('/download', (_, res) => res.download(`${here}alphabet.txt`, 'naïve.txt'))
app.use('/static', express.static(here, { index: false }))
app.get('/redirect', (_, res) => res.redirect('/elsewhere?x=1'))
app.get('/cookies', (_, res) => void res.cookie('a', '1').cookie('b', '2', { httpOnly: true }).send('ok'))
app.get('/status/:code', (req, res) => void res.status(Number(req.params.code)).end())
app.get('/reason', (_, res) => {
  res.statusMessage = 'As You Like'
  res.status(299).send('x')
})
app.get(
  '/write-head',
  (_, res) => void res.writeHead(202, 'Fine', { 'X-A': ['1', '2'], 'Content-Type': 'text/x' }).end('x'),
)
app.get('/write-head-flat', (_, res) => void res.writeHead(200, ['X-A', '1', 'X-A', '2'] as never).end('flat'))
app.get('/chunked', (_, res) => {
  res.setHeader('Transfer-Encoding', 'chunked')
  res.write('abc')
  res.write(Buffer.from('\r\n0\r\n\r\n'))
  res.end('déf')
})
app.get('/trailers', (_, res) => {
  res.writeHead(200, { Trailer: 'X-After' })
  res.write('body')
  res.addTrailers({ 'X-After': '1' })
  res.end()
})
app.get('/hints', (_, res) => {
  res.writeEarlyHints({ link: '</a.css>; rel=preload' })
  res.writeProcessing()
  res.send('after hints')
})
app.get('/latin1', (_, res) => void res.set('X-Name', 'caf\xe9').end(Buffer.from('x')))
app.get('/encodings', (_, res) => {
  res.write('68656c6c6f', 'hex')
  res.write('\xe9', 'latin1')
  res.end('é')
})
app.get('/empty-write', (_, res) => {
  res.write('')
  res.end()
})
app.get('/compressed', compression({ threshold: 0 }), (_, res) => void res.type('text').send('x'.repeat(5000)))
app.get('/throws', () => {
  throw Object.assign(new Error('thrown'), { status: 418 })
})
app.get('/rejects', async () => {
  throw new Error('rejected')
})
app.get('/socket', (req, res) => {
  res.setTimeout(60_000).socket?.setNoDelay(true).setKeepAlive(true)
  res.json({ same: req.socket === res.socket, writable: res.writable, corked: res.writableCorked })
})

const router = express.Router()
router.get('/inner', (req, res) => void res.json([req.url, req.originalUrl, req.baseUrl]))
app.use('/outer', router)

app.use((error: Error & { status?: number }, _: Request, res: Response, _next: NextFunction) => {
  res.status(error.status ?? 500).json({ error: error.message })
})

export default app
