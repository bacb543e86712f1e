// All that happens, in the order in which it does.
import type { Happening } from '../happening.ts'
import {
  jsWorkerKilled,
  jsWorkerLoops,
  jsWorkerOutOfMemory,
  commandKilled,
  gatewayKilled,
  restarted,
  supervisorKilled,
  workerKilled,
  workerSegfault,
  workerStopped,
} from './crashes.ts'
import { fullQueue, slowClients, stuckApp, tooLong } from './crowds.ts'
import { failingReload, reload, upgrade } from './reloads.ts'
import { outOfMemory, recycle, recycleByRequests, recycleByTouch, reloadMount, scaling } from './renewal.ts'

export const happenings: readonly Happening[] = [
  reload,
  failingReload,
  reloadMount,
  recycle,
  recycleByRequests,
  recycleByTouch,
  scaling,
  workerStopped,
  slowClients,
  stuckApp,
  fullQueue,
  tooLong,
  workerKilled,
  workerSegfault,
  commandKilled,
  outOfMemory,
  jsWorkerKilled,
  jsWorkerLoops,
  jsWorkerOutOfMemory,
  gatewayKilled,
  upgrade,
  supervisorKilled,
  restarted,
]
