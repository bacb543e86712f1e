// SHA-256-crypt and SHA-512-crypt (`$5$`, `$6$`): Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512", whose steps are numbered there.
import { createHash, type Hash } from 'node:crypto'

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const ROUNDS = 5000

interface Variant {
  readonly algorithm: string
  /** Bytes of the digest in the order of the encoded text, three and three (step 22). */
  readonly order: readonly (readonly [number, number, number])[]
  /** The bytes that are left over at the end. */
  readonly rest: readonly number[]
}

/** Each group takes a step in the three columns, which change places in turn. */
function turning(groups: number, columns: readonly [number, number, number], turn: 1 | 2): Variant['order'] {
  return Array.from({ length: groups }, (_, index) => {
    const at = (place: number): number => columns[(place + turn * index) % 3]! + index
    return [at(0), at(1), at(2)] as const
  })
}

const SHA256: Variant = { algorithm: 'sha256', order: turning(10, [0, 10, 20], 2), rest: [31, 30] }
const SHA512: Variant = { algorithm: 'sha512', order: turning(21, [0, 21, 42], 1), rest: [63] }

/**
 * Hashes a password as another hash was made.
 * @param setting a hash, of which variant, rounds and salt count; its form was checked
 */
export function shaCrypt(password: Buffer, setting: string): string {
  const [, id, rounds, salt] = /^\$([56])\$(?:rounds=(\d+)\$)?([^$]{0,16})/.exec(setting)!
  const variant = id === '5' ? SHA256 : SHA512
  const digest = rounded(password, Buffer.from(salt!, 'latin1'), variant, Number(rounds ?? ROUNDS))
  return `$${id}$${rounds === undefined ? '' : `rounds=${rounds}$`}${salt}$${encoded(digest, variant)}`
}

/** Steps 1 to 21. */
function rounded(password: Buffer, salt: Buffer, { algorithm }: Variant, rounds: number): Buffer {
  const hash = (): Hash => createHash(algorithm)
  const other = hash().update(password).update(salt).update(password).digest()
  const first = hash().update(password).update(salt).update(stretched(other, password.length))
  for (let bits = password.length; bits > 0; bits >>= 1) first.update(bits & 1 ? other : password)
  let digest = first.digest()
  const allPasswords = hash()
  for (let i = 0; i < password.length; i++) allPasswords.update(password)
  const p = stretched(allPasswords.digest(), password.length)
  const allSalts = hash()
  for (let i = 0; i < 16 + digest[0]!; i++) allSalts.update(salt)
  const s = stretched(allSalts.digest(), salt.length)
  for (let round = 0; round < rounds; round++) {
    const next = hash().update(round & 1 ? p : digest)
    if (round % 3) next.update(s)
    if (round % 7) next.update(p)
    digest = next.update(round & 1 ? digest : p).digest()
  }
  return digest
}

/** A digest again and again, so many bytes of it. */
function stretched(digest: Buffer, length: number): Buffer {
  return Buffer.alloc(length, digest)
}

function encoded(digest: Buffer, { order, rest }: Variant): string {
  const groups = order.map(([a, b, c]) => characters((digest[a]! << 16) | (digest[b]! << 8) | digest[c]!, 4))
  const [a, b] = rest
  const last = b === undefined ? characters(digest[a!]!, 2) : characters((digest[a!]! << 8) | digest[b]!, 3)
  return [...groups, last].join('')
}

function characters(value: number, count: number): string {
  let text = ''
  for (let left = value; text.length < count; left >>= 6) text += ALPHABET[left & 63]
  return text
}
