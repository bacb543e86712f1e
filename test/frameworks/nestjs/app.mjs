// Without TypeScript's decorators, which Node.js does not run: they are functions, and are called as such.
import 'reflect-metadata'
import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Controller, Get, Module, Post, Redirect, Req, Res, UseInterceptors } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FileInterceptor } from '@nestjs/platform-express'
import session from 'express-session'

const prefix = process.env.PREFIX ?? ''

class Pages {
  front() {
    return `Hello from NestJS <a href="${prefix}/hello/ann">ann</a>`
  }
  hello(req, res) {
    res.type('text').send(`${req.params.who}|${req.query.q}`)
  }
  form(req, res) {
    res.type('text').send(`${req.body.name}|${req.body.note}`)
  }
  upload(req, res) {
    const { originalname, size, buffer } = req.file
    const digest = createHash('sha256').update(buffer).digest('hex')
    res.type('text').send([req.body.note, originalname, size, digest].join('|'))
  }
  visits(req, res) {
    req.session.visits = (req.session.visits ?? 0) + 1
    res.type('text').send(String(req.session.visits))
  }
  go() {}
  async stream(req, res) {
    res.type('text')
    for (let number = 0; number < 3; number++) {
      if (number > 0) await pause(500)
      res.write(`${number}\n`)
    }
    res.end()
  }
  broken(req) {
    throw new Error(`broken on purpose: ${req.query.q}`)
  }
}

/** Puts decorators on a method, and on its arguments. */
function decorate(name, ...decorators) {
  for (const [index, parameter] of [Req, Res].entries())
    if (Pages.prototype[name].length > index) parameter()(Pages.prototype, name, index)
  for (const one of decorators) one(Pages.prototype, name, Object.getOwnPropertyDescriptor(Pages.prototype, name))
}
decorate('front', Get('/'))
decorate('hello', Get('/hello/:who'))
decorate('form', Post('/form'))
decorate('upload', Post('/upload'), UseInterceptors(FileInterceptor('file', { defParamCharset: 'utf8' })))
decorate('visits', Get('/visits'))
decorate('go', Get('/go'), Redirect(`${prefix}/hello/ann`))
decorate('stream', Get('/stream'))
decorate('broken', Get('/broken'))
Controller()(Pages)

class App {}
Module({ controllers: [Pages] })(App)

const app = await NestFactory.create(App, { logger: ['error'] })
if (prefix) app.setGlobalPrefix(prefix)
app.use(session({ secret: 'a secret of the tests', resave: false, saveUninitialized: false }))
await app.init()
export default app.getHttpAdapter().getInstance()
