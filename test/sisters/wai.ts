import type { Family } from './family.ts'

export const wai: Family = {
  name: 'wai',
  title: 'WAI (Haskell)',
  packages: { debian: ['libghc-warp-dev', 'ghc'] },
  prepare: [['ghc', '-O0', '-threaded', '-v0', 'App.hs', '-o', 'app']],
  about: [
    'WAI, the heir of Hack, has no SCRIPT_NAME: an app reads X-Forwarded-Prefix, and puts it in front of its links. Warp serves on a Unix socket by `runSettingsSocket`.',
  ],
  servers: [{ title: 'Warp', package: 'libghc-warp-dev', mount: () => ({ run: './app $SOCKET', speaks: 'http' }) }],
}
