// FastCGI roles other than responder: the host is told (FastCGI 5.5), and the log too.
import { expect, test } from 'vitest'
import { startGateway, temporaryFolder } from '../harness.ts'
import { respond } from '../../sidecar/mounts/respond.ts'
import type { MountKind } from '../../sidecar/mounts/mount.ts'
import { talk } from './peer.ts'

test.each([
  [2, 'authorizer'],
  [3, 'filter'],
  [9, 'number 9'],
])('role %i', async (role, name) => {
  const folder = temporaryFolder()
  const gateway = await startGateway({
    listen: ['fastcgi://127.0.0.1:0'],
    mounts: [{ key: '/', kind: respond as unknown as MountKind, settings: { respond: 200 } }],
    directory: folder.path,
  })
  try {
    // Twice with KEEP_CONN, then without.
    const begin = (keep: number): number[] => [1, 1, 0, 1, 0, 8, 0, 0, 0, role, keep, 0, 0, 0, 0, 0]
    const answer = await talk(gateway.addresses[0]!, Buffer.from([...begin(1), ...begin(1), ...begin(0)]))
    // END_REQUEST with UNKNOWN_ROLE.
    const end = [1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0]
    expect([...Buffer.from(answer, 'latin1')]).toEqual([...end, ...end, ...end])
    expect(gateway.log.text).toContain(`the host asks for the FastCGI role ${name}: only responders are served here`)
    expect(gateway.log.text.split('code=FASTCGI_ROLE')).toHaveLength(2)
  } finally {
    await gateway.stop()
    folder.remove()
  }
})
