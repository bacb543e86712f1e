// Apps in worker processes under test: mounts with the apps of the folder beside this file.
import { onTestFinished } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { makeMount, type OpenMount } from '../mount.ts'

/** The folder of the apps. */
export const APPS: URL = new URL('apps/', import.meta.url)

/** A mount that is not open. It is closed after the test. */
export function workers(settings: object = {}, kind: MountKind = node, folder: URL = APPS): OpenMount {
  const made = makeMount(kind, { [kind.kind]: './spec.ts#node', processes: 1, stopTimeout: 5, ...settings }, folder)
  onTestFinished(() => made.mount.close())
  return made
}

/** One that is open. */
export async function openWorkers(settings?: object, kind?: MountKind): Promise<OpenMount> {
  const made = workers(settings, kind)
  await made.mount.open()
  return made
}
