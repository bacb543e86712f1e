// Which of several members gets a request.
import type { Member } from './member.ts'

/** How a member is chosen. */
export type Balance = 'round-robin' | 'weighted' | 'least-busy' | 'client-hash'

/** One of `members`, none of which is full; undefined when there is none. `client`: its address. */
export function choose(members: readonly Member[], balance: Balance, client: string, now: number): Member | undefined {
  if (members.length < 2) return members[0]
  switch (balance) {
    case 'client-hash':
      return byHash(members, client)
    case 'least-busy':
      return byTurns(leastBusy(members, now), now)
    default:
      return byTurns(members, now)
  }
}

/** nginx's smooth weighted round-robin: each earns its share a turn, the richest pays all of it. */
function byTurns(members: readonly Member[], now: number): Member {
  let total = 0
  let best = members[0]!
  for (const member of members) {
    const share = member.share(now)
    total += share
    member.credit += share
    if (member.credit > best.credit) best = member
  }
  best.credit -= total
  return best
}

function leastBusy(members: readonly Member[], now: number): Member[] {
  const load = (member: Member): number => (member.active + 1) / member.share(now)
  const least = Math.min(...members.map(load))
  return members.filter((member) => load(member) <= least)
}

/** Rendezvous hashing: when a member goes, only its own clients move. */
function byHash(members: readonly Member[], client: string): Member {
  let best = members[0]!
  let most = -Infinity
  for (const member of members) {
    const score = -member.weight / Math.log(fraction(`${member.backend.name} ${client}`))
    if (score > most) {
      most = score
      best = member
    }
  }
  return best
}

/** A number between 0 and 1 that a text always gives: FNV-1a, stirred as MurmurHash3 ends. */
function fraction(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) + 1) / (2 ** 32 + 2)
}
