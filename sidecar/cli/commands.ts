// The commands, in the order in which help names them.
import { cgi } from './cgi.ts'
import { check } from './check.ts'
import type { Command } from './command.ts'
import { conformance } from './conformance.ts'
import { dev } from './dev.ts'
import { drain } from './drain.ts'
import { importCommand } from './import.ts'
import { logLevel } from './log-level.ts'
import { plug } from './plug.ts'
import { ps } from './ps.ts'
import { purge } from './purge.ts'
import { recycle } from './recycle.ts'
import { reload } from './reload.ts'
import { request } from './request.ts'
import { serve } from './serve.ts'
import { service } from './service.ts'
import { sniff } from './sniff.ts'
import { stacks } from './stacks.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'
import { top } from './top.ts'

export const commands: readonly Command[] = [
  serve,
  dev,
  status,
  top,
  ps,
  stacks,
  reload,
  purge,
  recycle,
  drain,
  stop,
  logLevel,
  check,
  importCommand,
  plug,
  cgi,
  request,
  sniff,
  conformance,
  service,
]
