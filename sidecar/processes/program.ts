// Where a program is that is to be started. Elsewhere a file may be started when its mode says so; Windows goes by how its name ends.
import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { isWindows } from '../file-names.ts'

/** What CreateProcess starts by itself. */
const STARTED: readonly string[] = ['.com', '.exe']
/** What only the shell of Windows runs: CreateProcess would give it words that it reads as commands, so Node.js refuses (CVE-2024-27980). */
const BATCH: readonly string[] = ['.bat', '.cmd']

/** A program that was looked for. */
export interface Program {
  /** Absolute. */
  readonly file: string
  /** It can be run by cmd.exe only. */
  readonly batch: boolean
}

/** Where to look. */
export interface Whereabouts {
  /** For a name with a folder. */
  readonly directory: string
  /** PATH, for a name without one. */
  readonly path: string
  readonly platform?: NodeJS.Platform | undefined
}

/** True when a word names a program by its place, and is not looked for on the PATH. */
export function isPlaced(word: string, platform?: NodeJS.Platform): boolean {
  return word.includes('/') || (isWindows(platform) && /^[A-Za-z]:|\\/.test(word))
}

/** The first program of that name; on Windows the ending may be left out, as in a shell, and what has none is no program. */
export function findProgram(word: string, { directory, path, platform }: Whereabouts): Program | undefined {
  const folders = isPlaced(word, platform) ? [directory] : foldersOf(path, platform)
  const endings = isWindows(platform) && !isKnown(word) ? [...STARTED, ...BATCH] : ['']
  for (const folder of folders) {
    for (const ending of endings) {
      const file = resolve(directory, folder, word + ending)
      if (isFile(file) && (isWindows(platform) || isExecutable(file))) return { file, batch: isBatch(file, platform) }
    }
  }
  return undefined
}

/** Whether the system starts a file without being told by which program. */
export function isStartable(file: string, platform?: NodeJS.Platform): boolean {
  return isWindows(platform) ? STARTED.includes(extname(file).toLowerCase()) : isExecutable(file)
}

/** The same, for a file that is there, while requests are served. */
export async function mayStart(file: string, platform?: NodeJS.Platform): Promise<boolean> {
  if (isWindows(platform)) return isStartable(file, platform)
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** What to do instead of starting a batch file. */
export function batchAdvice(word: string, file: string): string {
  return `${word} is ${file}, a batch file, which is run by cmd.exe only: write cmd.exe /d /c ${word}, or name the program that it starts`
}

function isKnown(word: string): boolean {
  return [...STARTED, ...BATCH].includes(extname(word).toLowerCase())
}

function isBatch(file: string, platform?: NodeJS.Platform): boolean {
  return isWindows(platform) && BATCH.includes(extname(file).toLowerCase())
}

/** On Windows a folder may stand in quotes. */
function foldersOf(path: string, platform?: NodeJS.Platform): string[] {
  if (!isWindows(platform)) return path.split(':')
  return path.split(';').flatMap((folder) => folder.replace(/^"(.*)"$/, '$1') || [])
}

function isFile(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    // The aliases of the Microsoft Store can be started, and not be looked through.
    return isLink(file)
  }
}

function isLink(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink()
  } catch {
    return false
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return isFile(file)
  } catch {
    return false
  }
}
