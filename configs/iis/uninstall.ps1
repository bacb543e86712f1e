# Takes away what install.ps1 set up, but for the CGI feature, the unlocked section and the logs, which others may use.
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

if ($registered) {
  Remove-WebConfigurationProperty -PSPath MACHINE/WEBROOT/APPHOST -Filter $fastCgi -Name '.' -AtElement @{ fullPath = $node; arguments = $arguments }
}
foreach ($path in $folder, $logs, $node) { & icacls $path /remove:g $identity | Out-Null }
if (Get-WebVirtualDirectory -Site $Site -Name 'static') {
  Remove-WebVirtualDirectory -Site $Site -Application / -Name 'static'
}

Write-Host 'Now take web.config out of the folder of the site.'
