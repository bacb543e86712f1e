// What came of a request.

/** Right; lost, with the reason; or answered with something that is not the answer. `told`: a WebSocket that was told to end. */
export type Verdict = { readonly is: 'right' | 'told' } | { readonly is: 'failed' | 'wrong'; readonly why: string }

export const RIGHT: Verdict = { is: 'right' }
export const TOLD: Verdict = { is: 'told' }
export const failed = (why: string): Verdict => ({ is: 'failed', why })
export const wrong = (why: string): Verdict => ({ is: 'wrong', why })
