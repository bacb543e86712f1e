// The scripts that set IIS up and put it back, for Windows PowerShell 5.1 as administrator. All that they change they name, and a second run
// changes nothing more.
import { commandLine, type IisPlan } from './plan.ts'
import { limits } from './limits.ts'
import { literal } from './words.ts'

const head = (what: string, plan: IisPlan, parameters = ''): string[] => [
  `# ${what}`,
  '# Run it in Windows PowerShell as administrator. $Site is the site of IIS, $Pool its application pool.',
  '#Requires -RunAsAdministrator',
  `param([string] $Site = 'Default Web Site', [string] $Pool = 'DefaultAppPool'${parameters})`,
  "$ErrorActionPreference = 'Stop'",
  'Import-Module WebAdministration',
  `$node = ${literal(plan.node)}`,
  `$arguments = ${literal(commandLine(plan.words))}`,
  `$folder = ${literal(plan.site)}`,
  '$logs = Join-Path $folder logs',
  '$identity = "IIS AppPool\\$Pool"',
  "$fastCgi = 'system.webServer/fastCgi'",
  '$registered = Get-WebConfiguration "$fastCgi/application" -PSPath MACHINE/WEBROOT/APPHOST |',
  '  Where-Object { $_.fullPath -eq $node -and $_.arguments -eq $arguments }',
]

/** install.ps1 */
export function installer(plan: IisPlan): string[] {
  const settings = limits(plan)
  return [
    ...head(
      'Sets IIS up for Sidegate: the CGI feature, the FastCGI application, rights, virtual directories.',
      plan,
      plan.shared.length > 0 ? ', [switch] $StaticFiles' : '',
    ),
    '',
    '# FastCGI comes with the feature CGI: without it IIS says 500.0 and 0x8007000d, or 500.21.',
    'if (Get-Command Install-WindowsFeature -ErrorAction SilentlyContinue) { Install-WindowsFeature Web-CGI | Out-Null }',
    'else { Enable-WindowsOptionalFeature -Online -FeatureName IIS-CGI -All -NoRestart | Out-Null }',
    '',
    'if (-not $registered) {',
    '  Add-WebConfiguration $fastCgi -PSPath MACHINE/WEBROOT/APPHOST -Value @{',
    ...settings.map(
      ([name, value]) =>
        `    ${name} = ${name === 'fullPath' ? '$node' : name === 'arguments' ? '$arguments' : literal(value)}`,
    ),
    '  }',
    '}',
    '# Handlers may stand in web.config (0x80070021 without).',
    '& "$env:windir\\System32\\inetsrv\\appcmd.exe" unlock config /section:system.webServer/handlers | Out-Null',
    '',
    '# The application pool reads the programs and the site, and writes logs (0x80070005 without).',
    'New-Item -ItemType Directory -Force $logs | Out-Null',
    '& icacls $folder /grant "${identity}:(OI)(CI)RX" | Out-Null',
    '& icacls $logs /grant "${identity}:(OI)(CI)M" | Out-Null',
    '& icacls $node /grant "${identity}:RX" | Out-Null',
    ...plan.folders.flatMap(({ prefix, path }) => [
      '',
      `# ${prefix}: files that IIS serves.`,
      `if (-not (Get-WebVirtualDirectory -Site $Site -Name ${literal(prefix)})) {`,
      `  New-WebVirtualDirectory -Site $Site -Name ${literal(prefix)} -PhysicalPath ${literal(path)} | Out-Null`,
      '}',
    ]),
    ...plan.shared.flatMap(({ prefix, path }) => [
      '',
      `# ${prefix}: a folder of scripts, for static.web.config. No web.config in it has a say.`,
      'if ($StaticFiles) {',
      `  if (-not (Get-WebVirtualDirectory -Site $Site -Name ${literal(prefix)})) {`,
      `    New-WebVirtualDirectory -Site $Site -Name ${literal(prefix)} -PhysicalPath ${literal(path)} | Out-Null`,
      '  }',
      `  Set-ItemProperty "IIS:\\Sites\\$Site\\${prefix}" -Name allowSubDirConfig -Value $false`,
      `  & icacls ${literal(path)} /grant "\${identity}:(OI)(CI)RX" | Out-Null`,
      '}',
    ]),
    '',
    "Write-Host 'Now put web.config into the folder of the site, and browse it.'",
  ]
}

/** uninstall.ps1 */
export function uninstaller(plan: IisPlan): string[] {
  return [
    ...head(
      'Takes away what install.ps1 set up, but for the CGI feature, the unlocked section and the logs, which others may use.',
      plan,
    ),
    '',
    'if ($registered) {',
    "  Remove-WebConfigurationProperty -PSPath MACHINE/WEBROOT/APPHOST -Filter $fastCgi -Name '.' -AtElement @{ fullPath = $node; arguments = $arguments }",
    '}',
    'foreach ($path in $folder, $logs, $node) { & icacls $path /remove:g $identity | Out-Null }',
    ...plan.folders.flatMap(({ prefix }) => [
      `if (Get-WebVirtualDirectory -Site $Site -Name ${literal(prefix)}) {`,
      `  Remove-WebVirtualDirectory -Site $Site -Application / -Name ${literal(prefix)}`,
      '}',
    ]),
    ...plan.shared.flatMap(({ prefix, path }) => [
      `if (Get-WebVirtualDirectory -Site $Site -Name ${literal(prefix)}) {`,
      `  Remove-WebVirtualDirectory -Site $Site -Application / -Name ${literal(prefix)}`,
      `  & icacls ${literal(path)} /remove:g $identity | Out-Null`,
      '}',
    ]),
    '',
    "Write-Host 'Now take web.config out of the folder of the site.'",
  ]
}
