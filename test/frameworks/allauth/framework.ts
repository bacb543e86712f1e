import { randomBytes } from 'node:crypto'
import { demand } from '../../apps/app.ts'
import type { Answer } from '../../conformance/answer.ts'
import type { Check, Visitor } from '../check.ts'
import type { Framework } from '../framework.ts'

/** Fills in the form of a page, and sends it there. */
async function send(visitor: Visitor, page: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
  const { text } = await visitor.ask(page)
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(text)?.[1]
  demand(token !== undefined, `no form at ${page}: ${text.slice(0, 300)}`)
  const action = /<form[^>]* action="([^"]*)"/.exec(text)?.[1] ?? page
  const target = visitor.resolve(action, page)
  demand(target.startsWith(`${visitor.way.prefix}/accounts/`), `a form is sent to ${target}`)
  return visitor.ask(target.slice(visitor.way.prefix.length), {
    method: 'POST',
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    body: String(new URLSearchParams({ csrfmiddlewaretoken: token!, ...fields })),
  })
}

/** It leads there, below the prefix. */
function leads(visitor: Visitor, answer: Answer, to: string): void {
  const location = answer.header('location') ?? ''
  const place = location === '' ? '' : visitor.resolve(location, '/')
  demand(
    answer.status === 302 && place === visitor.way.prefix + to,
    `${answer.status} ${place}: ${answer.text.slice(0, 300)}`,
  )
}

const user = async (visitor: Visitor): Promise<string> => (await visitor.ask('/')).text

const checks: readonly Check[] = [
  {
    name: 'a page for those who are logged in leads to the login',
    async look(visitor) {
      leads(visitor, await visitor.ask('/own'), `/accounts/login/?next=${visitor.way.prefix}/own`)
    },
  },
  {
    name: 'sign up, log out, a wrong password, log in',
    async look(visitor) {
      const username = `zoe${randomBytes(4).toString('hex')}`
      const password = randomBytes(9).toString('base64url')
      leads(visitor, await send(visitor, '/accounts/signup/', { username, password1: password }), '/')
      demand((await user(visitor)) === `user: ${username}`, await user(visitor))
      leads(visitor, await send(visitor, '/accounts/logout/', {}), '/')
      demand((await user(visitor)) === 'user: nobody', await user(visitor))
      const wrong = await send(visitor, '/accounts/login/', { login: username, password: 'another' })
      demand(wrong.status === 200 && (await user(visitor)) === 'user: nobody', `status ${wrong.status}`)
      const page = `/accounts/login/?next=${visitor.way.prefix}/own`
      leads(
        visitor,
        await send(visitor, page, { login: username, password, next: `${visitor.way.prefix}/own` }),
        '/own',
      )
      demand((await visitor.ask('/own')).text === `of ${username}`, 'it is not for the one who is logged in')
    },
  },
]

export const allauth: Framework = {
  name: 'allauth',
  title: 'django-allauth',
  packages: { pip: ['django-allauth==65.22.1', 'django==5.2.19'] },
  prepare: [['.venv/bin/python', 'app.py', 'migrate', '-v', '0']],
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  checks,
  know: [
    'Looked at, in the place of the rest: sign up, log out, a wrong password, log in, and a page that leads there.',
  ],
}
