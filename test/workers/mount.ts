// Apps in worker processes under test: mounts with the apps of the folder beside this file.
import { onTestFinished } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { makeMount, type OpenMount } from '../mount.ts'

/** The folder of the apps. */
export const APPS: URL = new URL('apps/', import.meta.url)

/** What is not as usual. */
export interface WorkersPlace {
  readonly kind?: MountKind
  readonly folder?: URL
  /** It is not closed after the test. */
  readonly kept?: boolean
}

/** A mount that is not open. It is closed after the test. */
export function workers(settings: object = {}, { kind = node, folder = APPS, kept }: WorkersPlace = {}): OpenMount {
  const made = makeMount(kind, { [kind.kind]: './spec.ts#node', processes: 1, stopTimeout: 5, ...settings }, folder)
  if (!kept) onTestFinished(() => made.mount.close())
  return made
}

/** One that is open. */
export async function openWorkers(settings?: object, place?: WorkersPlace): Promise<OpenMount> {
  const made = workers(settings, place)
  await made.mount.open()
  return made
}
