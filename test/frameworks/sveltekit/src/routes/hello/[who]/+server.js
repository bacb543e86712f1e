import { text } from '@sveltejs/kit'

export const GET = ({ params, url }) => text(`${params.who}|${url.searchParams.get('q')}`)
