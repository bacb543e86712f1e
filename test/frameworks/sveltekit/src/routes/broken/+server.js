export function GET({ url }) {
  throw new Error(`broken on purpose: ${url.searchParams.get('q')}`)
}
