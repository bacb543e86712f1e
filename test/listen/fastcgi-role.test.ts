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
    const answer = await talk(gateway.addresses[0]!, Buffer.from([1, 1, 0, 1, 0, 8, 0, 0, 0, role, 0, 0, 0, 0, 0, 0]))
    // END_REQUEST with UNKNOWN_ROLE.
    expect([...Buffer.from(answer, 'latin1')]).toEqual([1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0])
    expect(gateway.log.text).toContain(`the host asks for the FastCGI role ${name}: only responders are served here`)
    expect(gateway.log.text).toContain('code=FASTCGI_ROLE')
  } finally {
    await gateway.stop()
    folder.remove()
  }
})
