// The commands, in the order in which help names them.
import { cgi } from './cgi.ts'
import { check } from './check.ts'
import type { Command } from './command.ts'
import { conformance } from './conformance.ts'
import { plug } from './plug.ts'
import { reload } from './reload.ts'
import { request } from './request.ts'
import { serve } from './serve.ts'
import { service } from './service.ts'
import { sniff } from './sniff.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'

export const commands: readonly Command[] = [
  serve,
  status,
  reload,
  stop,
  check,
  plug,
  cgi,
  request,
  sniff,
  conformance,
  service,
]
