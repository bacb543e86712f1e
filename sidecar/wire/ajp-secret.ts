// The secret of an AJP connection.

/** Whether two texts are the same; how long that takes tells nothing about where they differ. `wanted` is not empty. */
export function sameSecret(given: string, wanted: string): boolean {
  let difference = given.length ^ wanted.length
  for (let index = 0; index < given.length; index++) {
    difference |= given.charCodeAt(index) ^ wanted.charCodeAt(index % wanted.length)
  }
  return difference === 0
}
