// A process group: a process started with `detached`, and everything that it started and that did not leave the group.

/** Sends a signal to every process of the group that `pid` leads; undefined and groups that are gone are no error. */
export function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody left in the group.
  }
}
