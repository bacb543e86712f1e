// NGINX Unit, as a host: what it speaks, how its configuration is written and changed.
import type { Host } from '../host.ts'
import { apply, remove } from './apply.ts'
import { protocols, render } from './render.ts'

export const unit = {
  name: 'unit',
  summary: 'NGINX Unit 1.31 and later, by its proxy; put into a Unit that runs, by its control API',
  protocols,
  extension: 'json',
  // It sends the request as the client wrote it, and nothing of its own.
  repair: (variables) => variables,
  // It hands Expect on, and takes 100 and 103 for the response.
  wire: { interim: 'never' },
  render,
  apply,
  remove,
} satisfies Host
