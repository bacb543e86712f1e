// Whether a password is the one of a hash. It takes milliseconds to seconds, by design: thread.ts does it beside the gateway.
import apacheMd5 from 'apache-md5'
import { compareSync } from 'bcryptjs'
import { createHash, timingSafeEqual } from 'node:crypto'
import { kindOf } from './hash.ts'
import { shaCrypt } from './sha-crypt.ts'

const SHA1_SIZE = 20
/** Its types tell of a default export; it is the function itself. */
const aprMd5 = apacheMd5 as unknown as (password: string, hash: string) => string

/** `password`: UTF-8; `hash`: one that `refusal` of hash.ts has nothing against. */
export function verify(hash: string, password: Buffer): boolean {
  switch (kindOf(hash)) {
    case 'bcrypt':
      return compareSync(password.toString(), hash)
    case 'md5':
      // It takes characters for bytes.
      return same(aprMd5(password.toString('latin1'), hash), hash)
    case 'sha-crypt':
      return same(shaCrypt(password, hash), hash)
    case 'sha':
      return same(`{SHA}${createHash('sha1').update(password).digest('base64')}`, hash)
    case 'ssha': {
      const given = Buffer.from(hash.slice('{SSHA}'.length), 'base64')
      const made = createHash('sha1').update(password).update(given.subarray(SHA1_SIZE)).digest()
      return timingSafeEqual(made, given.subarray(0, SHA1_SIZE))
    }
    case 'plain':
      return same(password.toString('latin1'), hash)
  }
}

/** The time it takes says nothing of where they differ, nor how long they are. */
function same(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest()
  return timingSafeEqual(digest(one), digest(other))
}
