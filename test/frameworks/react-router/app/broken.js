export function loader({ request }) {
  throw new Error(`broken on purpose: ${new URL(request.url).searchParams.get('q')}`)
}
