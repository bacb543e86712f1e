// What ends with npm, which hands signals to a shell in between.
import { expect, test } from 'vitest'
import { accepts, until } from '../harness.ts'
import { MAIN } from '../built.ts'
import { commandFolder } from '../cli/command-folder.ts'
import { Sidegate } from '../cli/sidegate.ts'

const folder = commandFolder()

test.skipIf(process.platform === 'win32').each(['--supervise', '--no-supervise'])(
  'npx that is ended has what it runs finish and end, with %s',
  async (how) => {
    const words = ['serve', '/=respond:204', '-l', '127.0.0.1:0', how]
    const shell = ['/bin/sh', '-c', '"$@"; exit $?', 'sh', process.execPath, MAIN]
    const one = new Sidegate(words, folder.path, { npm_command: 'exec' }, undefined, shell)
    const address = `127.0.0.1:${await one.port()}`
    one.signal('SIGTERM')
    await one.said(/SIGTERM: no new requests/)
    await until('the end', async () => !(await accepts(address)))
    expect((await one.ended).code).toBeNull()
  },
)
