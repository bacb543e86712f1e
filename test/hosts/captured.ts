// Requests as real web servers sent them, from the folders plugin/HOST/captures/: VERSION-PROTOCOL-CASE.bin.
import { readdirSync, readFileSync } from 'node:fs'
import { hosts } from '../../plugin/index.ts'
import type { Variables } from '../../sidecar/variables.ts'
import { protocols } from '../../sidecar/wire/index.ts'

/** The files of a host. */
export function capturesOf(host: string): string[] {
  return readdirSync(folder(host))
}

/** The variables of the first request in a file, as a listener with this host has them before the repair. */
export function captured(host: string, file: string): Variables {
  const protocol = protocols.find(({ name }) => name === file.split('-')[1])
  if (!protocol) throw new Error(`${file}: no such protocol`)
  const { wire } = hosts.find(({ name }) => name === host)!
  for (const event of protocol.server(wire).receive(readFileSync(new URL(file, folder(host))))) {
    if (event.type === 'request') return event.variables
  }
  throw new Error(`no request in ${file}`)
}

function folder(host: string): URL {
  return new URL(`../../plugin/${host}/captures/`, import.meta.url)
}
