// The files that IIS needs, or may need: the FastCGI way first, then the two by HTTP.
import { commandLine, type IisPlan } from './plan.ts'
import { installer, uninstaller } from './install.ts'
import { limits } from './limits.ts'
import { answers, DOCUMENT, noWebDav, staticWebConfig, webConfig } from './web-config.ts'
import { block, element, remarks, commandFileLine } from './words.ts'

function applicationHost(plan: IisPlan): string[] {
  const settings = limits(plan)
  return [
    ...remarks(
      String.raw`For <system.webServer><fastCgi> in %windir%\System32\inetsrv\config\applicationHost.config; appcmd.cmd and install.ps1 write the same.`,
      ...settings.map(([name, , why]) => `${name}: ${why}.`),
    ),
    ...block('fastCgi', [element('application', Object.fromEntries(settings))]),
  ]
}

function appcmd(plan: IisPlan): string[] {
  const settings = limits(plan)
  // In [] a quote of appcmd is written with another one before it.
  const quoted = (text: string): string => text.replaceAll("'", "''").replaceAll('"', '\\"')
  const pairs = settings.filter(([, value]) => value !== '').map(([name, value]) => `${name}='${quoted(value)}'`)
  return [
    'rem Registers the FastCGI application, and lets web.config name handlers. In a command prompt as administrator.',
    String.raw`set appcmd=%windir%\System32\inetsrv\appcmd.exe`,
    `%appcmd% set config /section:system.webServer/fastCgi ${commandFileLine(`/+"[${pairs.join(',')}]"`)} /commit:apphost`,
    '%appcmd% unlock config /section:system.webServer/handlers',
  ]
}

function platform({ node, main, site }: IisPlan): string[] {
  return [
    DOCUMENT,
    ...remarks(
      'HttpPlatformHandler starts Sidegate and passes requests on by HTTP: it names a port in HTTP_PLATFORM_PORT, on which `serve` listens in place of',
      'what `listen` says, and believes its X-Forwarded-*. In the folder of the site; the module is a download of its own.',
    ),
    ...block(
      'configuration',
      block('system.webServer', [
        ...block('handlers', [
          element('clear', {}),
          element('add', {
            name: 'sidegate',
            path: '*',
            verb: '*',
            modules: 'httpPlatformHandler',
            resourceType: 'Unspecified',
          }),
        ]),
        ...remarks(
          'startupTimeLimit: seconds until it listens (10 by itself); apps load meanwhile. requestTimeout: silence, as with the other web servers (2 minutes by itself).',
        ),
        element('httpPlatform', {
          processPath: node,
          arguments: commandLine([main, 'serve']),
          startupTimeLimit: '60',
          startupRetryCount: '10',
          rapidFailsPerMinute: '10',
          requestTimeout: '00:05:00',
          processesPerApplication: '1',
          forwardWindowsAuthToken: 'false',
          stdoutLogEnabled: 'true',
          stdoutLogFile: `${site}\\logs\\sidegate`,
        }),
        ...noWebDav,
        ...answers,
      ]),
    ),
  ]
}

function proxy(): string[] {
  return [
    DOCUMENT,
    ...remarks(
      'Application Request Routing passes requests on by HTTP to a Sidegate that runs by itself, with listen: [{ address: "127.0.0.1:8000", trust: ["127.0.0.1"] }].',
      String.raw`Once, as administrator: %windir%\System32\inetsrv\appcmd.exe set config /section:system.webServer/proxy /enabled:true /preserveHostHeader:true /reverseRewriteHostInResponseHeaders:false /timeout:00:05:00 /commit:apphost`,
      'and /section:system.webServer/rewrite/allowedServerVariables /+"[name=\'HTTP_X_FORWARDED_PROTO\']" /+"[name=\'HTTP_X_FORWARDED_HOST\']" /commit:apphost',
      'WebSockets pass, where the WebSocket feature of IIS is not installed for the site, or <webSocket enabled="false" /> stands here.',
    ),
    ...block(
      'configuration',
      block('system.webServer', [
        ...block('rewrite', [
          ...block(
            'rewriteMaps',
            block('rewriteMap name="sidegate-scheme" defaultValue="http"', [
              element('add', { key: 'on', value: 'https' }),
            ]),
          ),
          ...block(
            'rules',
            block('rule name="sidegate" stopProcessing="true"', [
              element('match', { url: '.*' }),
              ...block('conditions', [element('add', { input: '{sidegate-scheme:{HTTPS}}', pattern: '(.+)' })]),
              ...block('serverVariables', [
                ...remarks('Set, not added to: what a client claims about itself ends here.'),
                element('set', { name: 'HTTP_X_FORWARDED_PROTO', value: '{C:1}' }),
                element('set', { name: 'HTTP_X_FORWARDED_HOST', value: '{HTTP_HOST}' }),
              ]),
              ...remarks('UNENCODED_URL: the path as it was sent; {R:0} is decoded.'),
              element('action', {
                type: 'Rewrite',
                url: 'http://127.0.0.1:8000{UNENCODED_URL}',
                appendQueryString: 'false',
              }),
            ]),
          ),
        ]),
        ...answers,
      ]),
    ),
  ]
}

/** By the name of the file; undefined: there is nothing that it would be for. */
export const parts: Readonly<Record<string, (plan: IisPlan) => string[] | undefined>> = {
  'web.config': webConfig,
  'static.web.config': staticWebConfig,
  'applicationHost.config': applicationHost,
  'appcmd.cmd': appcmd,
  'install.ps1': installer,
  'uninstall.ps1': uninstaller,
  'platform.web.config': platform,
  'arr.web.config': proxy,
}

/** Their names, in this order. */
export const partNames: readonly string[] = Object.keys(parts)
