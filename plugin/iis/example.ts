// What the files in configs/iis/ are written for: the same mounts as elsewhere, on Windows.
import { win32 } from 'node:path'
import { example as common } from '../example.ts'
import type { PlugInput } from '../host.ts'

const directory = String.raw`C:\srv\site`

/** As `mounts` and `listen` in a sidegate.config.ts in C:\srv\site. */
export const example: PlugInput = {
  directory,
  listeners: [{ address: 'pipe:sidegate' }],
  mounts: common.mounts.map((mount) =>
    mount.folder ? { ...mount, folder: { ...mount.folder, path: win32.join(directory, 'public') } } : mount,
  ),
}
