export async function GET(request, { params }) {
  return new Response(`${decodeURIComponent((await params).who)}|${request.nextUrl.searchParams.get('q')}`)
}
