// The repair for IIS, on variables that people have shown, or that the documentation of Microsoft says. IIS cannot run here: each case says
// where it comes from.
import { describe, expect, test } from 'vitest'
import { processorTime } from '../harness.ts'
import { repair } from '../../plugin/iis/repair.ts'
import { emptyVariables, type Variables } from '../../sidecar/variables.ts'

/** $_SERVER of PHP by FastCGI under IIS 8.5, with URL Rewrite installed and no rule in use; its PATH_INFO is left to each case. */
const DUMP: Variables = {
  SERVER_SOFTWARE: 'Microsoft-IIS/8.5',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_PORT_SECURE: '0',
  SERVER_PORT: '63801',
  SERVER_NAME: 'localhost',
  SCRIPT_NAME: '/index.php',
  SCRIPT_FILENAME: 'C:\\Users\\Jukov\\Documents\\My Web Sites\\EmptySite3\\index.php',
  REQUEST_URI: '/',
  REQUEST_METHOD: 'POST',
  REMOTE_USER: '',
  REMOTE_PORT: '52166',
  REMOTE_HOST: '::1',
  REMOTE_ADDR: '::1',
  QUERY_STRING: '',
  PATH_TRANSLATED: 'C:\\Users\\Jukov\\Documents\\My Web Sites\\EmptySite3\\index.php',
  LOGON_USER: '',
  LOCAL_ADDR: '::1',
  INSTANCE_META_PATH: '/LM/W3SVC/28',
  INSTANCE_NAME: 'EMPTYSITE3',
  INSTANCE_ID: '28',
  HTTPS_SERVER_SUBJECT: '',
  HTTPS_SERVER_ISSUER: '',
  HTTPS_SECRETKEYSIZE: '',
  HTTPS_KEYSIZE: '',
  HTTPS: 'off',
  GATEWAY_INTERFACE: 'CGI/1.1',
  DOCUMENT_ROOT: 'C:\\Users\\Jukov\\Documents\\My Web Sites\\EmptySite3',
  CONTENT_TYPE: 'multipart/form-data; boundary=----WebKitFormBoundary2mPMk8GMkKcXAVMM',
  CONTENT_LENGTH: '147',
  CERT_SUBJECT: '',
  CERT_SERIALNUMBER: '',
  CERT_ISSUER: '',
  CERT_FLAGS: '',
  CERT_COOKIE: '',
  AUTH_USER: '',
  AUTH_PASSWORD: '',
  AUTH_TYPE: '',
  APPL_PHYSICAL_PATH: 'C:\\Users\\Jukov\\Documents\\My Web Sites\\EmptySite3\\',
  APPL_MD_PATH: '/LM/W3SVC/28/ROOT',
  IIS_UrlRewriteModule: '7.1.1735.0',
  HTTP_HOST: 'localhost:63801',
}

const repaired = (own: Variables): Variables => repair(Object.assign(emptyVariables(), DUMP, own))

interface Case {
  readonly what: string
  readonly from: string
  readonly sent: Variables
  readonly script: string
  readonly path: string
  readonly uri?: string
}

const both = (path: string): Variables => ({ SCRIPT_NAME: path, PATH_INFO: path })

const cases: readonly Case[] = [
  {
    what: 'a default document: IIS has another path than was asked for, and that one counts',
    from: 'the dump as it is',
    sent: {},
    script: '',
    path: '/index.php',
    uri: '/',
  },
  {
    what: 'all of the path in PATH_INFO and in SCRIPT_NAME',
    from: 'wfastcgi.py: without allowPathInfoForScriptMappings SCRIPT_NAME is emptied',
    sent: { ...both('/a/b'), REQUEST_URI: '/a/b?x=1', QUERY_STRING: 'x=1' },
    script: '',
    path: '/a/b',
    uri: '/a/b?x=1',
  },
  {
    what: 'a script with something behind it, and allowPathInfoForScriptMappings off',
    from: 'learn.microsoft.com, IIS <serverRuntime> and ASP <limits>: PATH_INFO is the full path',
    sent: { SCRIPT_NAME: '/app.fcgi', PATH_INFO: '/app.fcgi/x', REQUEST_URI: '/app.fcgi/x' },
    script: '',
    path: '/app.fcgi/x',
  },
  {
    what: 'the same with allowPathInfoForScriptMappings on',
    from: 'PHP on IIS 6, a dump of Kohana: SCRIPT_NAME and PATH_INFO apart, REQUEST_URI both',
    sent: {
      SCRIPT_NAME: '/private/Kohana/index.php',
      PATH_INFO: '/mobile/index',
      REQUEST_URI: '/private/Kohana/index.php/mobile/index',
      APPL_MD_PATH: '/LM/w3svc/798/ROOT',
    },
    script: '/private/Kohana/index.php',
    path: '/mobile/index',
  },
  {
    what: 'the same, with a path that repeats the script',
    from: 'the rule above: only what was asked for tells it from one that is whole',
    sent: { SCRIPT_NAME: '/a', PATH_INFO: '/a/x', REQUEST_URI: '/a/a/x' },
    script: '/a',
    path: '/a/x',
  },
  {
    what: 'an application below the root of its site',
    from: 'a dump of IIS with APPL_MD_PATH=/LM/W3SVC/1/ROOT/eOSAEAChecker',
    sent: {
      ...both('/eOSAEAChecker/Mfpsink.asmx'),
      APPL_MD_PATH: '/LM/W3SVC/1/ROOT/eOSAEAChecker',
      REQUEST_URI: '/eOSAEAChecker/Mfpsink.asmx',
    },
    script: '/eOSAEAChecker',
    path: '/Mfpsink.asmx',
  },
  {
    what: 'the same in other letters, and a nested one',
    from: 'names of IIS tell no case; APPL_MD_PATH has them as they are configured',
    sent: { ...both('/SHOP/Admin/x'), APPL_MD_PATH: '/LM/W3SVC/1/Root/shop/admin', REQUEST_URI: '/SHOP/Admin/x' },
    script: '/SHOP/Admin',
    path: '/x',
  },
  {
    what: 'a path that only begins with the same letters as an application',
    from: 'whole segments',
    sent: { ...both('/shopping'), APPL_MD_PATH: '/LM/W3SVC/1/ROOT/shop', REQUEST_URI: '/shopping' },
    script: '',
    path: '/shopping',
  },
  {
    what: 'a virtual directory, which is no application',
    from: 'learn.microsoft.com, APPL_MD_PATH: the metabase path of the application',
    sent: { ...both('/shop/images/x.png'), APPL_MD_PATH: '/LM/W3SVC/1/ROOT/shop', REQUEST_URI: '/shop/images/x.png' },
    script: '/shop',
    path: '/images/x.png',
  },
  {
    what: 'URL Rewrite: the new path counts, REQUEST_URI is what was asked for',
    from: 'learn.microsoft.com, URL Rewrite, Preserving Original URL; Zend and Symfony read these variables so',
    sent: {
      ...both('/article.php'),
      QUERY_STRING: 'id=342',
      REQUEST_URI: '/article.php?id=342',
      IIS_WasUrlRewritten: '1',
      UNENCODED_URL: '/article/342/caf%C3%A9',
      HTTP_X_ORIGINAL_URL: '/article/342/caf\u00c3\u00a9',
    },
    script: '',
    path: '/article.php',
    uri: '/article/342/caf%C3%A9',
  },
  {
    what: 'repeated slashes, which only UNENCODED_URL has',
    from: 'Zend: "make sure we get the unencoded url (double slash problem)"',
    sent: { ...both('/a/b'), UNENCODED_URL: '//a///b?q', REQUEST_URI: '/a/b?q' },
    script: '',
    path: '//a///b',
    uri: '//a///b?q',
  },
  {
    what: 'characters that the code page has',
    from: 'Microsoft KB 2277918, Moodle: "IIS tends to convert all file paths to single byte DOS encoding"',
    sent: { ...both('/caf\u00e9/x'), REQUEST_URI: '/caf%C3%A9/x' },
    script: '',
    path: '/caf\u00c3\u00a9/x',
  },
  {
    what: 'characters that the code page has not',
    from: 'the same; WideCharToMultiByte writes ? for them',
    sent: { ...both('/???/x'), REQUEST_URI: '/%CE%B1%CE%B2%CE%B3/x' },
    script: '',
    path: '/\u00ce\u00b1\u00ce\u00b2\u00ce\u00b3/x',
  },
  {
    what: 'UTF-8, where the registry says so',
    from: 'FastCGIUtf8ServerVariables = REQUEST_URI, PATH_INFO (Microsoft KB 2277918)',
    sent: {
      ...both('/\u00ce\u00b1'),
      SCRIPT_NAME: '/?',
      REQUEST_URI: '/\u00ce\u00b1',
    },
    script: '',
    path: '/\u00ce\u00b1',
  },
  {
    what: 'double encoding is decoded once',
    from: 'allowDoubleEscaping="true"; PHP, issue 19817: SCRIPT_NAME of /check%2525.php is /check%25.php',
    sent: { ...both('/check%25.php'), UNENCODED_URL: '/check%2525.php', REQUEST_URI: '/check%2525.php' },
    script: '',
    path: '/check%25.php',
  },
  {
    what: 'a REQUEST_URI that is decoded already is not decoded again',
    from: 'FastCGIUtf8ServerVariables with REQUEST_URI: the decoded URL',
    sent: { ...both('/a%2Fb'), REQUEST_URI: '/a%2Fb' },
    script: '',
    path: '/a%2Fb',
  },
  {
    what: 'a REQUEST_URI that is decoded, with a % in it',
    from: 'the same',
    sent: { ...both('/100%'), REQUEST_URI: '/100%' },
    script: '',
    path: '/100%',
  },
  {
    what: 'PATH_INFO that is still encoded',
    from: 'PTVS, issue 123: on Azure PATH_INFO has %20',
    sent: { ...both('/test%20test'), UNENCODED_URL: '/test%20test', REQUEST_URI: '/test%20test' },
    script: '',
    path: '/test test',
  },
  {
    what: 'a backslash is a slash to IIS, and its rules guard that path',
    from: 'HTTP.sys turns it into a slash before it looks for the file',
    sent: { ...both('/private/x'), UNENCODED_URL: '/private%5Cx', REQUEST_URI: '/private%5Cx' },
    script: '',
    path: '/private/x',
  },
  {
    what: 'the root, no REQUEST_URI',
    from: 'IIS 6 had none (wfastcgi builds it too)',
    sent: { ...both('/a b'), REQUEST_URI: '', QUERY_STRING: 'x=1' },
    script: '',
    path: '/a b',
    uri: '/a%20b?x=1',
  },
]

test.each(cases)('$what', ({ sent, script, path, uri }) => {
  const variables = repaired(sent)
  expect(variables).toMatchObject({ SCRIPT_NAME: script, PATH_INFO: path, REQUEST_URI: uri ?? variables.REQUEST_URI })
})

test('every case says where it comes from', () => {
  for (const { from } of cases) expect(from).not.toBe('')
})

describe('what is not there is not sent empty', () => {
  test('in the dump', () => {
    const names = Object.keys(repaired({ CONTENT_TYPE: '' }))
    for (const name of [
      'HTTPS',
      'AUTH_TYPE',
      'REMOTE_USER',
      'LOGON_USER',
      'CERT_SUBJECT',
      'HTTPS_KEYSIZE',
      'CONTENT_TYPE',
    ])
      expect(names).not.toContain(name)
    // Empty, and needed.
    expect(names).toContain('QUERY_STRING')
  })

  test('over TLS, with a certificate of the client (learn.microsoft.com, IIS Server Variables)', () => {
    const sent = { HTTPS: 'on', CERT_SUBJECT: 'CN=kim', CERT_FLAGS: '1', SERVER_PORT_SECURE: '1' }
    expect(repaired(sent)).toMatchObject(sent)
  })
})

describe('who is logged in (learn.microsoft.com: AUTH_USER is of the Authorization header, LOGON_USER the account)', () => {
  test('Windows authentication', () => {
    const user = {
      AUTH_USER: 'DOMAIN\\kim',
      LOGON_USER: 'DOMAIN\\kim',
      REMOTE_USER: 'DOMAIN\\kim',
      AUTH_TYPE: 'Negotiate',
    }
    expect(repaired(user)).toMatchObject(user)
  })

  test('REMOTE_USER is empty, and somebody is logged on', () => {
    expect(repaired({ LOGON_USER: 'DOMAIN\\kim' }).REMOTE_USER).toBe('DOMAIN\\kim')
    expect(repaired({ AUTH_USER: 'kim', LOGON_USER: 'DOMAIN\\kim' }).REMOTE_USER).toBe('kim')
  })

  test('a header that nobody checked: nobody is logged on', () => {
    const sent = { AUTH_USER: 'admin', REMOTE_USER: 'admin', AUTH_TYPE: 'Basic', AUTH_PASSWORD: 'x', LOGON_USER: '' }
    expect(repaired(sent).REMOTE_USER).toBeUndefined()
    expect(repaired(sent).AUTH_TYPE).toBeUndefined()
  })
})

test('X-Original-URL and X-Rewrite-URL of a client say nothing (CVE-2018-14773 in Symfony)', () => {
  const sent = { ...both('/a'), HTTP_X_ORIGINAL_URL: '/admin', HTTP_X_REWRITE_URL: '/admin', REQUEST_URI: '/a' }
  const variables = repaired(sent)
  expect(variables.PATH_INFO).toBe('/a')
  expect(variables.HTTP_X_ORIGINAL_URL).toBeUndefined()
  expect(variables.HTTP_X_REWRITE_URL).toBeUndefined()
})

test('an HTTPS that is empty, or off in any letters, is none', () => {
  for (const HTTPS of ['', 'off', 'OFF']) expect(repair({ ...both('/a'), HTTPS })).not.toHaveProperty('HTTPS')
  expect(repair({ ...both('/a'), HTTPS: 'on' }).HTTPS).toBe('on')
})

test('a path of many words that are not ASCII takes no time', async () => {
  const times = 2000
  const sent = (word: string): Variables => both(`/${word.repeat(times)}`)
  const raw = `/${'%CE%B1.'.repeat(times)}`
  const taken = await processorTime(() => {
    const variables = { ...sent('?.'), UNENCODED_URL: raw, REQUEST_URI: raw }
    expect(repair(variables).PATH_INFO).toBe(`/${'\xce\xb1.'.repeat(times)}`)
    // What URL Rewrite or a module made of it is another path.
    for (const path of [`/${'?.'.repeat(times)}x`, `/${'?'.repeat(times)}`, `/${'?.'.repeat(times - 1)}.`])
      expect(repair({ ...both(path), UNENCODED_URL: raw }).PATH_INFO).toBe(path)
  })
  expect(taken).toBeLessThan(2000)
})

test.each([
  ['/a\xc3\xa9/b', '/a?/b', true],
  ['/a\xc3\xa9/b', '/a/b', false],
  ['/a\xc3\xa9/b', '/a?x/b', true],
  ['/a\xc3\xa9/b', '/a?/x/b', false],
  ['/\xc3\xa9a\xc3\xa9a', '/?aa', false],
  ['/\xc3\xa9a\xc3\xa9a', '/?aaa', true],
  ['/a\xc3\xa9a', '/a', false],
  ['/\xc3\xa9//b', '/?/b', true],
])('what is asked for as %j and sent as %j is one path: %j', (wanted, given, same) => {
  const raw = wanted.replaceAll('\xc3\xa9', '%C3%A9')
  expect(repair({ ...both(given), UNENCODED_URL: raw }).PATH_INFO).toBe(same ? wanted : given)
})

test('a path above the root is refused', () => {
  expect(() => repaired({ ...both('/x'), UNENCODED_URL: '/../x' })).toThrow(
    expect.objectContaining({ code: 'PATH_ABOVE_ROOT' }),
  )
})
