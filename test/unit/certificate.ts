// A certificate for tests, with its key, as PEM in one text.
import { execFileSync } from 'node:child_process'

/** @param name of the site */
export function newCertificate(name: string): string {
  const words = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '30',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    '-',
    '-out',
    '-',
  ]
  return execFileSync('openssl', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}
