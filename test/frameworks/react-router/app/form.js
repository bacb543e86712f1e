export async function action({ request }) {
  const form = await request.formData()
  return new Response(`${form.get('name')}|${form.get('note')}`)
}
