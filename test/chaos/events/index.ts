// All that happens, in the order in which it does.
import type { Happening } from '../happening.ts'
import {
  commandKilled,
  gatewayKilled,
  restarted,
  supervisorKilled,
  workerKilled,
  workerSegfault,
  workerStopped,
} from './crashes.ts'
import { fullQueue, slowClients, stuckApp } from './crowds.ts'
import { failingReload, reload } from './reloads.ts'

export const happenings: readonly Happening[] = [
  reload,
  failingReload,
  workerStopped,
  slowClients,
  stuckApp,
  fullQueue,
  workerKilled,
  workerSegfault,
  commandKilled,
  gatewayKilled,
  supervisorKilled,
  restarted,
]
