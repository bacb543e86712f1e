import { createHash } from 'node:crypto'

export async function action({ request }) {
  const form = await request.formData()
  const file = form.get('file')
  const digest = createHash('sha256').update(Buffer.from(await file.arrayBuffer()))
  return new Response([form.get('note'), file.name, file.size, digest.digest('hex')].join('|'))
}
