// The emperor: each file of its folder is an instance of its own. Here they are mounts of one Sidegate, on all their addresses.
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { glob, isPattern } from '../glob.ts'
import { numberIn, isOn } from './option.ts'
import type { Instance } from './instance.ts'
import { hasFormat } from './reader.ts'

/** A file of the emperor's. */
export interface Vassal {
  /** Absolute. */
  readonly file: string
  /** Where it works. */
  readonly cwd: string
}

/** The files that `emperor` names, in the order of their names. */
export async function vassalsOf(place: string, cwd: string): Promise<Vassal[]> {
  const path = resolve(cwd, place.replace(/^(?:dir|glob):\/\//, ''))
  if (isPattern(path)) return (await glob(path)).map((file) => ({ file, cwd }))
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false
  if (!isFolder) return []
  const files = await glob(join(path, '*'))
  return files.filter(hasFormat).map((file) => ({ file, cwd: path }))
}

/** Options that all vassals have, as if each had them in its file: in front, and behind. */
export function forAllVassals(emperor: Instance): { before: [string, string][]; after: [string, string][] } {
  return {
    before: emperor.all('vassals-set', 'vassal-set').map(({ value }) => ['set', value]),
    after: [
      ...emperor.all('vassals-include').map(({ value }): [string, string] => ['include', value]),
      ...emperor.all('vassals-inherit').map(({ value }): [string, string] => ['inherit', value]),
    ],
  }
}

/** The owner of a vassal's file, as whom it runs in the mode `emperor-tyrant`. */
export async function tyrant(emperor: Instance, file: string): Promise<{ uid: number; gid: number } | undefined> {
  const option = emperor.last('emperor-tyrant')
  if (!option || !isOn(option) || numberIn(option) === 0) return undefined
  const { uid, gid } = await stat(file)
  return { uid, gid }
}

/**
 * The name of a host that a vassal's file has: `example.com.ini`.
 * @returns undefined: it is none
 */
export function hostOf(file: string): string | undefined {
  const name = basename(file)
    .replace(/\.[a-z]+$/, '')
    .toLowerCase()
  return /^(?=.*\.[a-z]{2,})(?:[a-z0-9-]+\.)+[a-z0-9-]+$/.test(name) ? name : undefined
}
