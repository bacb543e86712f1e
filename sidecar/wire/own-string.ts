// V8 keeps a part of a string as a reference to the whole.

/** The same text in memory of its own, interned: for what is kept longer than the bytes that it was read from. */
export function ownString(text: string): string {
  return Object.keys({ [text]: 0 })[0]!
}
