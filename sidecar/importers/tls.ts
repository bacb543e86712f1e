// A listener with TLS: that is for the web server in front, and so it moves to an address of this machine.

/** Ports of this machine that nobody else is likely to have: 443 → 10443, 8443 → 18443. */
function otherPort(port: number): number {
  return port <= 55_535 ? port + 10_000 : port - 10_000
}

/** `0.0.0.0:443` → `127.0.0.1:10443`. An address that is no host and port stays. */
export function addressWithoutTls(address: string): string {
  const port = /:([0-9]+)$/.exec(address)?.[1]
  return port === undefined || address.startsWith('unix:') ? address : `127.0.0.1:${otherPort(Number(port))}`
}
