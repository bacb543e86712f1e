rem Registers the FastCGI application, and lets web.config name handlers. In a command prompt as administrator.
set appcmd=%windir%\System32\inetsrv\appcmd.exe
%appcmd% set config /section:system.webServer/fastCgi /+"[fullPath='C:\Program Files\nodejs\node.exe',arguments='C:\srv\site\node_modules\sidegate\dist\plugin\iis\handler.js pipe:sidegate C:\srv\site --start',maxInstances='16',idleTimeout='1200',activityTimeout='300',requestTimeout='3600',instanceMaxRequests='1000000',protocol='NamedPipe',queueLength='1000',flushNamedPipe='false',rapidFailsPerMinute='100',signalBeforeTerminateSeconds='0',stderrMode='ReturnGeneric500']" /commit:apphost
%appcmd% unlock config /section:system.webServer/handlers
