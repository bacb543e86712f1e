// The commands, in the order in which help names them.
import { check } from './check.ts'
import type { Command } from './command.ts'
import { plug } from './plug.ts'
import { request } from './request.ts'
import { serve } from './serve.ts'

export const commands: readonly Command[] = [serve, check, plug, request]
