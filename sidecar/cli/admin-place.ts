// Where a Sidegate is administered: by an option, by the setting `admin`, or where it is by default.
import { resolve } from 'node:path'
import { adminPath, pipePath } from '../admin/place.ts'
import { isWindows } from '../file-names.ts'

/** Whose place it is. */
export interface AdminPlace {
  /** Of the configuration, or the working directory where there is none; absolute. */
  readonly directory: string
  /** `admin` of the configuration. */
  readonly setting: string | false | undefined
  /** `--admin`, and where its relative path starts. */
  readonly option: string | undefined
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** @returns what node:net listens on or connects to; empty: nowhere */
export function adminPlace({ directory, setting, option, cwd, environment }: AdminPlace): string {
  if (option !== undefined) return placeOf(option, cwd)
  if (setting === false) return ''
  return setting === undefined ? adminPath(directory, environment) : placeOf(setting, directory)
}

/** `unix:PATH` or a path, on Windows `pipe:NAME`. */
function placeOf(address: string, directory: string): string {
  if (isWindows()) return pipePath(address.replace(/^pipe:/, ''))
  return resolve(directory, address.replace(/^unix:/, ''))
}
