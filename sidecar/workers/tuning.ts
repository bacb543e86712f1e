// The numbers by which requests are sent ahead of their turn, and taken back.
//
// Row of the bench (docs/bench.md) that each has to be measured with when it is changed: `sidegate-python`, beside `bare-workers`. Its app does
// next to nothing, and its requests all come at once: there it shows whether a worker waits between two, and what taking back costs.

/** Requests ahead of their turn on a link: enough that a worker of a fast app seldom waits for the gateway. */
export const AHEAD_MOST = 8
/** A request that takes longer, in milliseconds, is not what those ahead of their turn should wait for. */
export const STUCK_MS = 5
/** A worker whose requests take longer, in milliseconds, keeps no other idle: for shorter ones it costs more to take them back. */
export const SLOW_MS = 0.5
/** How soon it is noticed, in milliseconds, that a worker to which requests were sent ahead has turned slow. */
export const PATROL_MS = 2
/** What the last request counts in the pace of a worker; those before it have the rest. */
export const LAST_COUNTS = 1 / 8
