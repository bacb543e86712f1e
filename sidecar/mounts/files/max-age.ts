// How long clients may be told to keep a file.

/** Seconds. Caches take a longer time for this one (RFC 9111 1.2.2): 68 years. */
export const MAX_AGE_MOST: number = 2 ** 31
