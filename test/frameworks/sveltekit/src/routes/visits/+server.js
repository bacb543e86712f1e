import { text } from '@sveltejs/kit'

export function GET({ cookies }) {
  const count = String(Number(cookies.get('visits') ?? 0) + 1)
  cookies.set('visits', count, { path: '/', secure: false })
  return text(count)
}
