// What goes wrong and is of interest in the access log alone.

/** Clients that go away, paths that nobody serves and what layers turn away are in the access log; a line more for each would bury the others. */
export const ACCESS_LOG_ONLY: ReadonlySet<string> = new Set([
  'ACCESS_DENIED',
  'ACCESS_METHOD',
  'AUTH_REQUIRED',
  'CACHE_PURGE',
  'CIRCUIT_OPEN',
  'LIMIT_CONCURRENT',
  'LIMIT_RATE',
  'CLIENT_GONE',
  'NO_MOUNT',
  'BODY_CUT',
  'UPGRADE_REFUSED',
  'MOUNT_DRAINED',
])
