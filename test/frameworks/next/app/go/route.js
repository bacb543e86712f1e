import { redirect } from 'next/navigation'

export const dynamic = 'force-dynamic'

export function GET() {
  // A route handler's redirects want the prefix; those of pages do not.
  redirect(`${process.env.BASE ?? ''}/hello/ann`)
}
