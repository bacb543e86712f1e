import { cookies } from 'next/headers'

export async function GET() {
  const kept = await cookies()
  const count = String(Number(kept.get('visits')?.value ?? 0) + 1)
  kept.set('visits', count)
  return new Response(count)
}
