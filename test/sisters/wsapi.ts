import type { Family } from './family.ts'

export const wsapi: Family = {
  name: 'wsapi',
  title: 'WSAPI (Lua)',
  packages: { debian: ['lua-wsapi', 'lua-wsapi-fcgi', 'lua5.1', 'spawn-fcgi'] },
  about: [
    "By FastCGI the prefix is in SCRIPT_NAME. `require('wsapi.fastcgi').run(run)` is the last line of app.lua; it takes its socket as file descriptor 0, which spawn-fcgi gives it, and serves one request at a time.",
  ],
  servers: [
    {
      title: 'FastCGI, by spawn-fcgi',
      package: 'lua-wsapi-fcgi',
      mount: () => ({ run: 'spawn-fcgi -n -s $SOCKET -- /usr/bin/lua5.1 app.lua', speaks: 'fastcgi' }),
    },
  ],
}
