// The numbers by which requests are sent ahead of their turn, and taken back. Each is measured with a row of the bench (docs/bench.md):
// `sidegate-python`, beside `bare-workers`. Its app does next to nothing, and more requests are there than workers: it shows whether a worker
// waits between two, and what taking back costs. `sidegate-slow` has an app that takes 10 ms: it shows whether one ahead is enough there. What STUCK_MS and
// PATROL_MS are for, test/python/ahead.test.ts says.

/**
 * Requests ahead of their turn on a link: enough that a worker of a fast app seldom waits for the gateway. With 1, a request of
 * `sidegate-python` takes a third more CPU time.
 */
export const AHEAD_MOST = 8
/** A request that takes longer, in milliseconds, and twice as long as others there, is not what those ahead of their turn should wait for. */
export const STUCK_MS = 5
/** A worker whose requests take so long, in milliseconds, or less, has one ahead of its turn where it has no more; one that takes longer has none. */
export const STEADY_MS = 50
/** A worker whose requests take longer, in milliseconds, keeps no other idle: for shorter ones it costs more to take them back. */
export const SLOW_MS = 0.5
/** How soon it is noticed, in milliseconds, that a worker to which requests were sent ahead has turned slow. */
export const PATROL_MS = 2
/** What the last request counts in the pace of a worker; those before it have the rest. */
export const LAST_COUNTS = 1 / 8
