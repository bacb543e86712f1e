// The hosts that Sidegate knows: one line each.
import type { Host } from './host.ts'
import { nginx } from './nginx/host.ts'

/** Every host, by the name it has in the setting `host`. */
export const hosts: readonly Host[] = [nginx]
