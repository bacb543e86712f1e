// The hashes of passwords that files hold: which there are, and which are not taken. What takes too long to check, by a slip or by design,
// is refused when it is read: each request with a name and a password costs one check.

/** How a password was hashed. */
export type HashKind = 'bcrypt' | 'md5' | 'sha-crypt' | 'sha' | 'ssha' | 'plain'

interface Form {
  readonly kind: HashKind
  readonly begins: RegExp
  readonly whole: RegExp
}

const FORMS: readonly Form[] = [
  { kind: 'bcrypt', begins: /^\$2[a-z]?\$/, whole: /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/ },
  { kind: 'md5', begins: /^\$(?:apr)?1\$/, whole: /^\$(?:apr)?1\$[^$]{1,8}\$[./A-Za-z0-9]{22}$/ },
  {
    kind: 'sha-crypt',
    begins: /^\$[56]\$/,
    whole:
      /^\$(?:5\$(?:rounds=\d+\$)?[^$]{0,16}\$[./A-Za-z0-9]{43}|6\$(?:rounds=\d+\$)?[^$]{0,16}\$[./A-Za-z0-9]{86})$/,
  },
  { kind: 'sha', begins: /^\{SHA\}/, whole: /^\{SHA\}[A-Za-z0-9+/]{27}=$/ },
  { kind: 'ssha', begins: /^\{SSHA\}/, whole: /^\{SSHA\}[A-Za-z0-9+/]{28,}={0,2}$/ },
]

/** log2 of the rounds of bcrypt: 14 takes a second or two. */
const COST = { least: 4, most: 14 }
/** glibc has no fewer, and a million takes seconds. */
const ROUNDS = { least: 1000, most: 1_000_000 }

/** The kind of a hash; one of no known form is a password that is written as it is. */
export function kindOf(hash: string): HashKind {
  return FORMS.find(({ begins }) => begins.test(hash))?.kind ?? 'plain'
}

/**
 * Why a hash is not taken; undefined: it is.
 * @param plain passwords that are written as they are may be there
 */
export function refusal(hash: string, plain: boolean): string | undefined {
  const form = FORMS.find(({ begins }) => begins.test(hash))
  if (form) {
    if (!form.whole.test(hash)) return `has a hash of the kind ${form.kind} that is not complete`
    return outOfBounds(form.kind, hash)
  }
  if (plain && hash !== '') return undefined
  if (/^[./A-Za-z0-9]{13}$/.test(hash))
    return 'has a hash of DES crypt, or a password as it is; DES looks at eight characters only: make it anew with htpasswd -B'
  return 'has no hash that is known: make it anew with htpasswd -B (a password that is written as it is takes plain: true)'
}

function outOfBounds(kind: HashKind, hash: string): string | undefined {
  if (kind === 'bcrypt') {
    const cost = Number(hash.slice(4, 6))
    return within(cost, COST) ? undefined : `has a bcrypt cost of ${cost}; it can be ${COST.least} to ${COST.most}`
  }
  const rounds = /^\$[56]\$rounds=(\d+)\$/.exec(hash)?.[1]
  if (rounds === undefined || within(Number(rounds), ROUNDS)) return undefined
  return `has ${rounds} rounds of SHA crypt; it can have ${ROUNDS.least} to ${ROUNDS.most}`
}

function within(value: number, { least, most }: { least: number; most: number }): boolean {
  return value >= least && value <= most
}
