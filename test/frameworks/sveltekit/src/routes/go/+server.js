import { redirect } from '@sveltejs/kit'
import { resolve } from '$app/paths'

export const GET = () => redirect(302, resolve('/hello/[who]', { who: 'ann' }))
