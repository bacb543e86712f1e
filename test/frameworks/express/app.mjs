import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'
import session from 'express-session'
import multer from 'multer'

const routes = express.Router()
routes.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))

// req.baseUrl is where the router is.
routes.get('/', (req, res) => res.send(`Hello from Express <a href="${req.baseUrl}/hello/ann">ann</a>`))

routes.get('/hello/:who', (req, res) => res.type('text').send(`${req.params.who}|${req.query.q}`))

routes.post('/form', express.urlencoded(), (req, res) => res.type('text').send(`${req.body.name}|${req.body.note}`))

// Without it multer reads names of files as ISO-8859-1.
routes.post('/upload', multer({ defParamCharset: 'utf8' }).single('file'), (req, res) => {
  const { originalname, size, buffer } = req.file
  res
    .type('text')
    .send([req.body.note, originalname, size, createHash('sha256').update(buffer).digest('hex')].join('|'))
})

routes.get('/visits', (req, res) => {
  req.session.visits = (req.session.visits ?? 0) + 1
  res.type('text').send(String(req.session.visits))
})

routes.get('/go', (req, res) => res.redirect(`${req.baseUrl}/hello/ann`))

routes.get('/stream', async (req, res) => {
  res.type('text')
  for (let number = 0; number < 3; number++) {
    if (number > 0) await pause(500)
    res.write(`${number}\n`)
  }
  res.end()
})

routes.get('/broken', (req) => {
  throw new Error(`broken on purpose: ${req.query.q}`)
})

export const app = express().use('/', routes)
export const below = express().use('/x', routes)
