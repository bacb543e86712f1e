// How an ASGI app is known on the command line: as a Python app, by what its source says of it.
import type { BareTarget, Claim } from '../bare-target.ts'
import { claimsOf } from '../python/claims.ts'

/** As pythonClaims. */
export function asgiClaims(target: BareTarget): Claim[] {
  return claimsOf(target, true)
}
