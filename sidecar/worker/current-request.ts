// By which name the second thread asks the first for the request that its code runs for: a global function of that symbol, which gives its id.

/** As Symbol.for has it. */
export const CURRENT_REQUEST = 'sidegate.request'
