// What cannot be expressed here: thrown by the one who finds it, told by the one who knows what it belongs to.

/** Why, and what to do instead: the message. */
export class Refused extends Error {
  override readonly name = 'Refused'
}
