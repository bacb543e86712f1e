import type { Family } from './family.ts'

export const psgi: Family = {
  name: 'psgi',
  title: 'PSGI (Perl)',
  packages: { debian: ['libplack-perl', 'libfcgi-perl', 'starman', 'twiggy'] },
  about: [
    "By FastCGI the prefix is in SCRIPT_NAME. Starman, Twiggy and Plack's own server speak HTTP and know none: with `keepPrefix` the app can `mount '/x'` itself, without it a few lines around the app do:",
  ],
  shown: 'prefix.psgi',
  servers: [
    {
      title: 'FastCGI, by Plack',
      know: 'a response streams where app.psgi has `$| = 1`.',
      package: 'libplack-perl',
      mount: () => ({ run: 'plackup --env deployment --server FCGI --listen $SOCKET app.psgi', speaks: 'fastcgi' }),
    },
    {
      title: 'Starman',
      package: 'starman',
      mount: () => ({ run: 'starman --workers 4 --listen $SOCKET prefix.psgi', speaks: 'http' }),
    },
    {
      title: 'Twiggy',
      package: 'twiggy',
      mount: () => ({ run: 'twiggy --listen $SOCKET prefix.psgi', speaks: 'http' }),
    },
    {
      title: 'HTTP::Server::PSGI',
      package: 'libplack-perl',
      mount: () => ({
        run: 'plackup --env deployment --server HTTP::Server::PSGI --host 127.0.0.1 --port $PORT prefix.psgi',
        speaks: 'http',
      }),
    },
  ],
}
