import { createCookieSessionStorage } from 'react-router'

const { getSession, commitSession } = createCookieSessionStorage({
  cookie: { name: 'session', path: '/', secrets: ['a secret of the tests'] },
})

export async function loader({ request }) {
  const session = await getSession(request.headers.get('Cookie'))
  const count = (session.get('visits') ?? 0) + 1
  session.set('visits', count)
  return new Response(String(count), { headers: { 'Set-Cookie': await commitSession(session) } })
}
