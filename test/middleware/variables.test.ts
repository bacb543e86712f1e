// The layer `variables`.
import { expect, test } from 'vitest'
import { variables as layer } from '../../sidecar/middleware/variables.ts'
import { pass, refusal } from './layer.ts'

test.each<[string, object, Record<string, string | undefined>]>([
  ['set', { set: { WORDPRESS_CONFIG: '/etc/wp/a.php' } }, { WORDPRESS_CONFIG: '/etc/wp/a.php' }],
  ['set from another', { set: { REMOTE_USER: '${SSL_CLIENT_S_DN}' } }, { REMOTE_USER: 'cn=me' }],
  ['set to nothing', { set: { REMOTE_USER: '${NONE}', EMPTY: '' } }, { REMOTE_USER: undefined, EMPTY: '' }],
  ['default', { default: { REMOTE_USER: 'nobody', MORE: '1' } }, { REMOTE_USER: 'me', MORE: '1' }],
  ['remove', { remove: ['SSL_*', 'REMOTE_USER'] }, { SSL_CLIENT_S_DN: undefined, REMOTE_USER: undefined }],
  [
    'remove what begins so',
    { remove: ['HTTP_*', 'SERVER_NAME'] },
    { HTTP_HOST: undefined, CONTENT_LENGTH: '4', SERVER_NAME: 'localhost' },
  ],
  ['add', { add: { HTTP_X_LIST: '2' } }, { HTTP_X_LIST: '1, 2' }],
  ['a header field', { set: { HTTP_X_SCRIPT_NAME: '/radicale' } }, { HTTP_X_SCRIPT_NAME: '/radicale' }],
  ['the path', { set: { SCRIPT_NAME: '/a/', PATH_INFO: 'b' } }, { SCRIPT_NAME: '/a', PATH_INFO: '/b' }],
  ['line breaks', { set: { A: '${PATH_INFO}', HTTP_A: '${PATH_INFO}' } }, { A: '/\r\n', HTTP_A: '/%0D%0A' }],
])('%s', async (_, settings, expected) => {
  const { variables, response } = await pass(layer, settings, {
    method: 'POST',
    body: 'body',
    path: '/%0d%0a',
    headers: { 'X-List': '1' },
    variables: { SSL_CLIENT_S_DN: 'cn=me', REMOTE_USER: 'me' },
  })
  expect(response.status).toBe(200)
  for (const one in expected) expect([one, variables![one]]).toEqual([one, expected[one]])
})

test('a value of a client that no request may have is refused', async () => {
  const { codes, response } = await pass(
    layer,
    { set: { SERVER_PORT: '${HTTP_X_PORT}' } },
    { headers: { 'X-Port': 'x' } },
  )
  expect([response.status, codes]).toEqual([400, ['SERVER_PORT_BAD']])
})

test.each([
  [{ set: { CONTENT_LENGTH: '3' } }, 'VARIABLE_FIXED', '.set.CONTENT_LENGTH'],
  [{ remove: ['HTTP_TRANSFER_ENCODING'] }, 'VARIABLE_FIXED', '.remove.0'],
  [{ set: { HTTP_PROXY: 'x' } }, 'VARIABLE_FIXED', '.set.HTTP_PROXY'],
  [{ default: { UWSGI_FILE: 'x' } }, 'VARIABLE_FIXED', '.default.UWSGI_FILE'],
  [{ set: { SERVER_PORT: 'x' } }, 'VARIABLE_FIXED', ''],
  [{ set: { A: 'a\0' } }, 'TEMPLATE_BAD', '.set.A'],
])('%j is refused', (settings, code, place) => {
  expect(refusal(layer, settings)).toMatchObject({ code, path: `use.0.variables${place}` })
})
