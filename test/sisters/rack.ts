import type { Family } from './family.ts'
import { webSocketAt } from '../frameworks/web-socket.ts'

export const rack: Family = {
  name: 'rack',
  title: 'Rack (Ruby)',
  packages: { debian: ['puma', 'thin', 'unicorn', 'ruby-rack', 'ruby-fcgi', 'ruby-websocket-driver'] },
  about: [
    "Puma, Thin and Unicorn speak HTTP, and know no prefix. Either the path keeps it (`keepPrefix`) and config.ru has `map('/x')`, which Rails takes for its own ([Redmine](apps.md#redmine)), or config.ru has `use Prefix` in its first line:",
  ],
  shown: 'prefix.rb',
  servers: [
    {
      title: 'Puma',
      package: 'puma',
      mount: () => ({ run: 'puma --quiet --bind unix://$SOCKET config.ru', speaks: 'http' }),
      checks: [webSocketAt('/socket')],
    },
    {
      title: 'Puma, with `map`',
      package: 'puma',
      mount: (prefix) => ({
        run: 'puma --quiet --bind unix://$SOCKET map.ru',
        speaks: 'http',
        ...(prefix && { keepPrefix: true, env: { PREFIX: prefix } }),
      }),
      checks: [webSocketAt('/socket')],
    },
    {
      title: 'Thin',
      package: 'thin',
      know: 'without `--threaded` it sends a response when all of it is there. It tells of errors on standard output, which Ruby holds back: `$stdout.sync = true` in config.ru.',
      mount: () => ({ run: 'thin --threaded --socket $SOCKET --rackup config.ru start', speaks: 'http' }),
    },
    {
      title: 'Unicorn',
      package: 'unicorn',
      mount: () => ({ run: 'unicorn --listen $SOCKET config.ru', speaks: 'http' }),
    },
    {
      title: 'FastCGI, by ruby-fcgi',
      package: 'ruby-fcgi',
      mount: () => ({
        run: 'rackup --env none --server fastcgi --option File=$SOCKET fastcgi.ru',
        speaks: 'fastcgi',
      }),
      differs: [
        {
          check: 'a response that streams',
          why: "ruby-fcgi sends a response when all of it is there, as Debian's cannot load its part in C",
        },
        {
          check: 'an error, told in the log',
          why: 'an error that reaches the server ends it: it is in the log, the client gets 502, and Sidegate starts it again',
        },
      ],
    },
  ],
}
