// `share` → a `files` mount, or `try-files` in front of what `fallback` says.
import { basename, dirname } from 'node:path'
import type { ConfigPath } from '../../problem.ts'
import type { Answer, Group } from './group.ts'
import { Refused } from './refused.ts'
import { behind, plainTarget, type Site, type Target } from './target.ts'
import { isFixed } from './template.ts'
import type { Told } from './told.ts'

/** A folder of which the path names a file, or one file for all paths. */
type Share = { readonly folder: string } | { readonly file: string }

/** @param next what answers a fallback. @throws {Refused} */
export function shareTarget(
  action: Group,
  path: ConfigPath,
  told: Told,
  next: (fallback: Group, path: ConfigPath) => Answer,
): { target: Target; note: string | undefined } {
  const shares = (Array.isArray(action.share) ? action.share : [action.share]).map(shareOf)
  if (action.types !== undefined)
    throw new Refused(
      'types: which files are served is not told by their type here: leave others out of the folder, or write steps by their names (*.css)',
    )
  const options = { ...indexOf(action), ...links(action, path, told) }
  const fallback = action.fallback as Group | undefined
  const answer = fallback && next(fallback, [...path, 'fallback'])
  if (answer?.to !== undefined) throw new Refused('a fallback with rewrite')
  const last = answer ? undefined : shares.pop()!
  const single = shares.length === 1 && shares[0] !== undefined && 'folder' in shares[0] ? shares[0].folder : undefined
  const fixed = fallback && fileOf(fallback)
  if (single !== undefined && fixed !== undefined && dirname(fixed) === single) {
    return { target: pageTarget(single, basename(fixed), options, answer!.target), note: answer!.note }
  }
  const target = answer ? answer.target : ownTarget(last!, options)
  const layers = shares.map((share) => {
    if ('file' in share) throw new Refused('one file that may be missing, in front of others: share it with $uri')
    return share.folder
  })
  if (layers.length === 0) return { target, note: answer?.note }
  const key = JSON.stringify([layers, options])
  const note = 'source, settings and hidden files of the folder are left to what is behind it'
  return {
    target: behind(target, key, ({ base }) =>
      layers.map((folder) => ({ 'try-files': { root: folder + base, ...options } })),
    ),
    note: [note, answer?.note].filter(Boolean).join('; '),
  }
}

function shareOf(text: unknown): Share {
  if (typeof text !== 'string') throw new Refused('share is no text')
  if (isFixed(text) && !text.endsWith('/')) return { file: text }
  const folder = /^([^$`]*?)\/?\$(?:uri|\{uri\})$/.exec(text)?.[1]
  if (folder === undefined)
    throw new Refused(`share ${text}: only $uri at the end, and each host or user has a mount of its own`)
  return { folder: folder === '' ? '/' : folder }
}

/** The one file that an action shares with all paths. */
function fileOf({ share, fallback }: Group): string | undefined {
  return typeof share === 'string' && fallback === undefined && isFixed(share) ? share : undefined
}

function ownTarget(share: Share, options: Readonly<Record<string, unknown>>): Target {
  if ('folder' in share) {
    return plainTarget(
      'share',
      {},
      {
        id: `share ${JSON.stringify([share, options])}`,
        mount: ({ base }) => ({ files: share.folder === '/' ? base || '/' : share.folder + base, ...options }),
      },
    )
  }
  const to = `/${encodeURIComponent(basename(share.file)).replace(/\*/g, '\\*')}`
  return plainTarget('file', { files: dirname(share.file), ...options }, { layers: () => [{ rewrite: [{ to }] }] })
}

/** The page of a single-page app. */
function pageTarget(folder: string, page: string, options: Readonly<Record<string, unknown>>, other: Target): Target {
  const isRoot = ({ base }: Site): boolean => base === ''
  return {
    ...plainTarget('share', {}),
    id: `share ${JSON.stringify([folder, page, options])}`,
    mount: (site) => (isRoot(site) ? { files: folder, fallback: page, ...options } : other.mount(site)),
    layers: (site) =>
      isRoot(site) ? [] : [{ 'try-files': { root: folder + site.base, ...options } }, ...other.layers(site)],
  }
}

function indexOf({ index }: Group): { index?: readonly string[] } {
  return typeof index === 'string' ? { index: [index] } : {}
}

/** What says where links may lead. */
function links(action: Group, path: ConfigPath, told: Told): { followSymlinks?: true } {
  const at = (name: string): ConfigPath => [...path, name]
  if (action.chroot !== undefined)
    told.changed(at('chroot'), undefined, 'links never lead out of the folder that is served')
  if (action.traverse_mounts !== undefined)
    told.left(at('traverse_mounts'), 'file systems below the folder are served as it is')
  if (action.follow_symlinks === false)
    told.changed(at('follow_symlinks'), undefined, 'links inside the folder are followed')
  return action.follow_symlinks === true && action.chroot === undefined ? { followSymlinks: true } : {}
}
