// Requests without end, beside whatever happens to the workers.
import type { TestMount } from './mount.ts'

/** Keeps requests coming, so many at a time, until it is stopped: how many were answered, and how else. */
export function load(
  { ask }: TestMount,
  atATime: number,
  path = '/hello',
): { stop(): Promise<{ right: number; wrong: string[] }> } {
  let going = true
  let right = 0
  const wrong: string[] = []
  const client = async (): Promise<void> => {
    while (going) {
      const { status, body } = await ask({ path })
      if (status === 200) right++
      else wrong.push(`${status} ${body.toString()}`)
    }
  }
  const clients = Promise.all(Array.from({ length: atATime }, client))
  const stop = async (): Promise<{ right: number; wrong: string[] }> => {
    going = false
    await clients
    return { right, wrong }
  }
  return { stop }
}
