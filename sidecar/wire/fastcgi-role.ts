// What a FastCGI host may ask for and is not served here.
import { PeerError } from '../errors.ts'

/** FastCGI 6.3, 6.4: roles that are no requests for a response. Told of by FASTCGI_ROLE. */
export function unknownRole(role: number): PeerError {
  const name = role === 2 ? 'authorizer' : role === 3 ? 'filter' : `number ${role}`
  return new PeerError(
    'FASTCGI_ROLE',
    `the host asks for the FastCGI role ${name}: only responders are served here`,
    501,
  )
}
