// What is made of one site: a python mount, and what stands round it. Paths of Windows stay as they are on other systems too.
import { posix, win32 } from 'node:path'
import { put } from '../put.ts'
import type { XmlElement } from '../xml.ts'
import { withoutTrailing } from '../../trailing.ts'

/** Filled by the settings that are met, one after the other. */
export class SiteDraft {
  /** Absolute: the folder of web.config. */
  readonly folder: string
  /** Where the mount is: `['mounts', '/']`. */
  readonly mountPath: readonly [string, string]
  readonly mount: Record<string, unknown> = {}
  readonly gateway: Record<string, unknown> = {}
  readonly others: Record<string, unknown> = {}
  /** Whether a change of web.config replaces the workers. */
  watches = true
  readonly #application: XmlElement | undefined
  readonly #environment: Readonly<Record<string, string | undefined>>
  #alternative = false

  /** @param application that of FastCGI, where one is there */
  constructor(
    folder: string,
    prefix: string,
    application: XmlElement | undefined,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.folder = folder
    this.mountPath = ['mounts', withoutTrailing(prefix, '/') || '/']
    this.#application = application
    this.#environment = environment
  }

  /** An attribute of the FastCGI application. */
  application(name: string): string | undefined {
    return this.#application?.attributes[name]
  }

  /** Writes a setting of the mount. @returns its place in the configuration */
  put(at: readonly string[], value: unknown): string[] {
    put(this.mount, at, value)
    return [...this.mountPath, ...at]
  }

  /** `shop.wsgi.application`, `shop.make()`. @param over it is the app, whatever else names one */
  app(dotted: string, over: boolean): string[] {
    const [, module, name] = /^(.+)\.([^.]+)$/.exec(dotted) ?? []
    if (over || !this.#alternative) this.put(['python'], module === undefined ? dotted : `${module}:${name}`)
    this.#alternative ||= over
    return [...this.mountPath, 'python']
  }

  /**
   * The Python that runs the app: that of a virtual environment is named by its folder.
   * @returns undefined where a virtual environment is known already
   */
  python(file: string): string[] | undefined {
    if (this.mount.venv !== undefined) return undefined
    const path = this.path(file)
    const folder = this.parent(path)
    if (!/[\\/]scripts$/i.test(folder)) return this.put(['interpreter'], path)
    return this.put(['venv'], this.parent(folder))
  }

  touch(file: string): string[] {
    const { recycle = {} } = this.mount as { recycle?: { touch?: string[] } }
    return this.put(['recycle', 'touch'], [...(recycle.touch ?? []), this.path(file)])
  }

  /** A path as wfastcgi has it: relative ones start at the folder of the site. */
  path(written: string): string {
    const { text } = this.filled(written)
    if (isOfWindows(text)) return text
    if (isOfWindows(this.folder)) return win32.resolve(this.folder, text)
    return posix.resolve(this.folder, text.replaceAll('\\', '/'))
  }

  parent(path: string): string {
    return isOfWindows(path) ? win32.dirname(path) : posix.dirname(path)
  }

  /** `%NAME%` as the environment has it. `missing`: the first that it has not. */
  filled(text: string): { text: string; missing: string | undefined } {
    let missing: string | undefined
    const known = text.replace(/%(\w+)%/g, (whole, name: string) => {
      const found = Object.entries(this.#environment).find(([key]) => key.toLowerCase() === name.toLowerCase())
      if (found?.[1] !== undefined) return found[1]
      missing ??= name
      return whole
    })
    return { text: known, missing }
  }
}

/** Whether a path is absolute as Windows has it, with a drive or of another machine. */
export function isOfWindows(path: string): boolean {
  return /^(?:[A-Za-z]:[\\/]|\\\\)/.test(path)
}
