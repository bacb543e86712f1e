// sidegate plug unit: certificates, and whose X-Forwarded-* count, on both sides.
import { createPrivateKey } from 'node:crypto'
import { request } from 'node:https'
import { text as bodyOf } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { newCertificate } from './certificate.ts'
import { freeListener, newSite } from './site.ts'

const site = newSite()

/** What a client gets that trusts this certificate and no other. */
function ask(listener: string, ca: string): Promise<string> {
  const [host, port] = listener.split(':') as [string, string]
  return new Promise((resolve, reject) => {
    request({ host, port, path: '/', ca, servername: 'example.test', agent: false })
      .on('error', reject)
      .on('response', (response) => void bodyOf(response).then(resolve, reject))
      .end()
  })
}

test('a certificate: in, again, renewed, and out', async () => {
  site.mount(['/'])
  await site.serve()
  const unit = await site.unit()
  const listener = await freeListener()
  const [first, second] = [newCertificate('example.test'), newCertificate('example.test')]
  site.write('site.pem', first)
  const words = ['--on', listener, '--certificate', 'site.pem']

  const shown = await site.plug(unit, ...words, '--dry-run')
  expect(shown.out).toMatch(/\n\/certificates\/sidegate-[0-9a-f]{12}\n {2}\+ CN=example\.test, until /)
  expect([...unit.certificates]).toEqual([])
  const put = await site.plug(unit, ...words)
  expect(put).toMatchObject({ code: 0, out: expect.stringContaining(`changed; https://${listener}/ answers`) })
  expect(await ask(listener, first)).toBe('sidegate /')
  expect((await site.plug(unit, ...words)).out).toContain('nothing to change')
  // Without a certificate the listener keeps that which it has.
  expect((await site.plug(unit, '--on', listener)).out).toContain('nothing to change')

  site.write('site.pem', second)
  unit.writes.length = 0
  expect(await site.plug(unit, ...words)).toMatchObject({ code: 0 })
  expect(unit.writes.map((write) => write.replace(/[0-9a-f]{12}/, 'X'))).toEqual([
    'PUT /certificates/sidegate-X',
    `PUT /config/listeners/${listener}/tls/certificate`,
    'DELETE /certificates/sidegate-X',
  ])
  expect([...unit.certificates.values()]).toEqual([second])
  expect(await ask(listener, second)).toBe('sidegate /')

  unit.certificates.set('theirs', first)
  const out = await site.plug(unit, '--remove')
  expect(out).toMatchObject({ code: 0, out: expect.stringMatching(/\/certificates\/sidegate-\w+\n {2}- /) })
  expect([...unit.certificates.keys()]).toEqual(['theirs'])
})

test('a certificate is taken back with the rest', async () => {
  site.mount(['/'])
  const unit = await site.unit({ config: { listeners: {}, routes: {} } })
  site.write('site.pem', newCertificate('example.test'))
  const { code, err } = await site.plug(unit, '--on', await freeListener(), '--certificate', 'site.pem')
  expect([code, err]).toEqual([1, expect.stringMatching(/Unit says 502.*Unit is as it was before \[UNIT_VERIFY\]/)])
  expect([unit.config, [...unit.certificates]]).toEqual([{ listeners: {}, routes: {} }, []])
})

test.each<[string, readonly string[], RegExp]>([
  ['not there', ['missing.pem'], /what cannot be read: ENOENT/],
  ['no certificate', ['key.pem'], /no certificate in it/],
  ['no key', ['chain.pem'], /no private key without a passphrase in it: name its file by a second --certificate/],
  ['the key of another', ['chain.pem', 'other.pem'], /a key that is not that of the first certificate/],
  ['broken', ['broken.pem', 'key.pem'], /broken\.pem, .*key\.pem has .*/],
  ['broken further on', ['chain.pem', 'broken.pem', 'key.pem'], /key\.pem has .*/],
  ['with a key that has a passphrase', ['chain.pem', 'locked.pem'], /no private key without a passphrase in it/],
])('a certificate that is %s is not sent', async (_, files, message) => {
  site.mount(['/'])
  const [pem, other] = [newCertificate('example.test'), newCertificate('other.test')]
  const [key, chain] = [/-+BEGIN PRIV[^]*?END PRIVATE KEY-+\n/, /-+BEGIN CERT[^]*?END CERTIFICATE-+\n/]
  site.write('key.pem', key.exec(pem)![0])
  site.write('chain.pem', chain.exec(pem)![0])
  site.write('other.pem', key.exec(other)![0])
  site.write('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  site.write(
    'locked.pem',
    createPrivateKey(pem).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }) as string,
  )
  const unit = await site.unit({ idle: true })
  const { code, err } = await site.plug(unit, ...files.flatMap((file) => ['--certificate', file]))
  expect([code, err]).toEqual([
    1,
    expect.stringMatching(new RegExp(`--certificate: .*${message.source}.*\\[UNIT_CERTIFICATE\\]`)),
  ])
  expect(unit.writes).toEqual([])
})

test('Unit passes on what clients write: nobody may trust it, unless a proxy in front of it does the writing', async () => {
  site.mount(['/'], {}, { trust: ['unix'] })
  const unit = await site.unit({ config: { listeners: {}, routes: {} } })
  const refused = await site.plug(unit)
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringMatching(/listen: unix:\S+s\.sock trusts Unit, .*--forwarded-from \[UNIT_TRUST\]/),
  })
  const { out } = await site.command('plug', 'unit')
  expect(out).toMatch(/^\/\/ Unit passes X-Forwarded-For, -Proto and -Host on as a client wrote them/m)

  await site.serve()
  const listener = await freeListener()
  const from = ['10.0.0.0/8', '::1'].flatMap((peer) => ['--forwarded-from', peer])
  const put = await site.plug(unit, '--on', listener, ...from)
  expect(put.code).toBe(0)
  expect(put.err).toContain(`listen: [{ address: "${site.address}", trust: ["unix", "10.0.0.0/8", "::1"] }]`)
  expect(unit.config.listeners).toEqual({
    [listener]: {
      pass: 'routes/sidegate',
      forwarded: {
        client_ip: 'X-Forwarded-For',
        protocol: 'X-Forwarded-Proto',
        recursive: true,
        source: ['10.0.0.0/8', '::1'],
      },
    },
  })
  site.mount(['/'], {}, { trust: ['unix', '10.0.0.0/8', '::/64'] })
  expect(await site.plug(unit, '--on', listener, ...from)).toMatchObject({ code: 0, err: '' })
  expect((await site.plug(unit, '--forwarded-from', 'proxy.example')).err).toMatch(/\[PEER_BAD\]/)
})
