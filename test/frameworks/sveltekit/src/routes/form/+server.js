import { text } from '@sveltejs/kit'

export async function POST({ request }) {
  const form = await request.formData()
  return text(`${form.get('name')}|${form.get('note')}`)
}
