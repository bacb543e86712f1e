// An ASGI mount under test: the apps of the folder beside this file, and what it logs.
import { fileURLToPath } from 'node:url'
import type * as v from 'valibot'
import { asgi } from '../../sidecar/mounts/asgi/mount.ts'
import { makeMountOf, type TestMount } from '../python/mount.ts'

/** The folder of the apps. */
export const APPS: string = fileURLToPath(new URL('./apps', import.meta.url))

export type Settings = Partial<v.InferInput<typeof asgi.settings>> & { asgi: string }

/** A mount that is not open. It is closed after the test, unless `kept`. */
export function makeMount(settings: Settings, kept = false): TestMount {
  return makeMountOf(asgi, settings, APPS, kept)
}

/** A mount that is open. */
export async function openMount(settings: Settings, kept?: boolean): Promise<TestMount> {
  const made = makeMount(settings, kept)
  await made.mount.open()
  return made
}
