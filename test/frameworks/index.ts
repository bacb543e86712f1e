// The frameworks. To add one: a folder here, a line in this list.
import { aiohttp } from './aiohttp/framework.ts'
import { allauth } from './allauth/framework.ts'
import { bobo } from './bobo/framework.ts'
import { bottle } from './bottle/framework.ts'
import { channels } from './channels/framework.ts'
import { cherrypy } from './cherrypy/framework.ts'
import { django } from './django/framework.ts'
import { express } from './express/framework.ts'
import { falcon } from './falcon/framework.ts'
import { fastapi } from './fastapi/framework.ts'
import { fastify } from './fastify/framework.ts'
import { flask } from './flask/framework.ts'
import type { Framework, Missing } from './framework.ts'
import { h3 } from './h3/framework.ts'
import { hono } from './hono/framework.ts'
import { koa } from './koa/framework.ts'
import { litestar } from './litestar/framework.ts'
import { middleware } from './middleware/framework.ts'
import { nestjs } from './nestjs/framework.ts'
import { next } from './next/framework.ts'
import { nitro } from './nitro/framework.ts'
import { prestans } from './prestans/framework.ts'
import { pyramid } from './pyramid/framework.ts'
import { quart } from './quart/framework.ts'
import { reactRouter } from './react-router/framework.ts'
import { starlette } from './starlette/framework.ts'
import { sveltekit } from './sveltekit/framework.ts'
import { tornado } from './tornado/framework.ts'
import { trac } from './trac/framework.ts'
import { turbogears } from './turbogears/framework.ts'
import { uliweb } from './uliweb/framework.ts'
import { webapp2 } from './webapp2/framework.ts'
import { webpy } from './webpy/framework.ts'
import { werkzeug } from './werkzeug/framework.ts'

/** Every one, in the order of docs/frameworks.md. */
export const frameworks: readonly Framework[] = [
  aiohttp,
  allauth,
  bobo,
  bottle,
  channels,
  cherrypy,
  django,
  express,
  falcon,
  fastapi,
  fastify,
  flask,
  h3,
  hono,
  koa,
  litestar,
  middleware,
  nestjs,
  next,
  nitro,
  prestans,
  pyramid,
  quart,
  reactRouter,
  starlette,
  sveltekit,
  tornado,
  trac,
  turbogears,
  uliweb,
  webapp2,
  webpy,
  werkzeug,
]

/** Those that cannot be run. */
export const missing: readonly Missing[] = [
  {
    name: 'bluebream',
    title: 'BlueBream',
    missing:
      'the package `bluebream` (1.0, of 2011) is a template for Paste that Python 3 cannot import (`from HTMLParser import …`); its files run with the Zope packages of today once their three names are filled in by hand.',
  },
  {
    name: 'pylons',
    title: 'Pylons',
    missing:
      'its last release (1.0.3) is Python 2 inside: on Python 3 it wants `2to3` over it, WebHelpers and WebError, a module UserDict, and lines changed by hand.',
  },
  {
    name: 'restlite',
    title: 'restlite',
    missing: 'PyPI does not have it. Its sources are Python 2.',
  },
  {
    name: 'web2py',
    title: 'web2py',
    missing: 'what PyPI has (2.1.1, of 2012) is Python 2; the releases since are in no registry.',
  },
  {
    name: 'weblayer',
    title: 'weblayer',
    missing: '`pip install weblayer==0.4.3` ends with an error on Python 3.11, while it is built. It is Python 2.',
  },
]
