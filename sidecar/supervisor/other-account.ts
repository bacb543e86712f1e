// Does something as the account of the gateways. What root would make in their folders they could not open, and what root opens there may be a link that
// they have made, to a file that is none of theirs.

/** A user and a group, by number; the name is for the groups that the user is in. */
export interface OtherAccount {
  readonly uid: number
  readonly gid: number
  readonly name: string | undefined
}

/** Node.js' own, which its types leave out. */
const { initgroups } = process as unknown as { initgroups(user: string, group: number): void }

/** Does it at once, as that account, from a process that is root. Gives what it gives. */
export function asAccount<T>({ uid, gid, name }: OtherAccount, work: () => T): T {
  const { groups, group, user } = { groups: process.getgroups!(), group: process.getegid!(), user: process.geteuid!() }
  try {
    if (name === undefined) process.setgroups!([gid])
    else initgroups(name, gid)
    process.setegid!(gid)
    process.seteuid!(uid)
    return work()
  } finally {
    process.seteuid!(user)
    process.setegid!(group)
    process.setgroups!(groups)
  }
}
