export function GET(request) {
  throw new Error(`broken on purpose: ${request.nextUrl.searchParams.get('q')}`)
}
