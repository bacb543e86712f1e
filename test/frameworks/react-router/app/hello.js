export const loader = ({ params, request }) =>
  new Response(`${params.who}|${new URL(request.url).searchParams.get('q')}`, {
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  })
