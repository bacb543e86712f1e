# Sets IIS up for Sidegate: the CGI feature, the FastCGI application, rights, virtual directories.
# Run it in Windows PowerShell as administrator. $Site is the site of IIS, $Pool its application pool.
#Requires -RunAsAdministrator
param([string] $Site = 'Default Web Site', [string] $Pool = 'DefaultAppPool')
$ErrorActionPreference = 'Stop'
Import-Module WebAdministration
$node = 'C:\Program Files\nodejs\node.exe'
$arguments = 'C:\srv\site\node_modules\sidegate\dist\plugin\iis\handler.js pipe:sidegate C:\srv\site --start'
$folder = 'C:\srv\site'
$logs = Join-Path $folder logs
$identity = "IIS AppPool\$Pool"
$fastCgi = 'system.webServer/fastCgi'
$registered = Get-WebConfiguration "$fastCgi/application" -PSPath MACHINE/WEBROOT/APPHOST |
  Where-Object { $_.fullPath -eq $node -and $_.arguments -eq $arguments }

# FastCGI comes with the feature CGI: without it IIS says 500.0 and 0x8007000d, or 500.21.
if (Get-Command Install-WindowsFeature -ErrorAction SilentlyContinue) { Install-WindowsFeature Web-CGI | Out-Null }
else { Enable-WindowsOptionalFeature -Online -FeatureName IIS-CGI -All -NoRestart | Out-Null }

if (-not $registered) {
  Add-WebConfiguration $fastCgi -PSPath MACHINE/WEBROOT/APPHOST -Value @{
    fullPath = $node
    arguments = $arguments
    maxInstances = '16'
    idleTimeout = '1200'
    activityTimeout = '300'
    requestTimeout = '3600'
    instanceMaxRequests = '1000000'
    protocol = 'NamedPipe'
    queueLength = '1000'
    flushNamedPipe = 'false'
    monitorChangesTo = ''
    rapidFailsPerMinute = '100'
    signalBeforeTerminateSeconds = '0'
    stderrMode = 'ReturnGeneric500'
  }
}
# Handlers may stand in web.config (0x80070021 without).
& "$env:windir\System32\inetsrv\appcmd.exe" unlock config /section:system.webServer/handlers | Out-Null

# The application pool reads the programs and the site, and writes logs (0x80070005 without).
New-Item -ItemType Directory -Force $logs | Out-Null
& icacls $folder /grant "${identity}:(OI)(CI)RX" | Out-Null
& icacls $logs /grant "${identity}:(OI)(CI)M" | Out-Null
& icacls $node /grant "${identity}:RX" | Out-Null

# static: files that IIS serves.
if (-not (Get-WebVirtualDirectory -Site $Site -Name 'static')) {
  New-WebVirtualDirectory -Site $Site -Name 'static' -PhysicalPath 'C:\srv\site\public' | Out-Null
}

Write-Host 'Now put web.config into the folder of the site, and browse it.'
