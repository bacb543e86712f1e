// The web.config of an app that wfastcgi runs behind IIS: a python mount, and the web.config that IIS gets in its place.
import { readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve, win32 } from 'node:path'
import { render } from '../../plugin/iis/render.ts'
import { ConfigError } from '../errors.ts'
import type { Imported, Importer, ImportSource } from './importer.ts'
import { ImportReport } from './report.ts'
import { sourceText } from './source-text.ts'
import {
  applicationSettings,
  appSettings,
  environmentVariable,
  interpreter,
  type Fate,
  type WfastcgiSetting,
} from './wfastcgi/settings.ts'
import { isOfWindows, SiteDraft } from './wfastcgi/site.ts'
import { parseXml, type XmlElement } from './xml.ts'

export const wfastcgi: Importer = {
  name: 'wfastcgi',
  async read(source: ImportSource): Promise<Imported> {
    const { file, words, cwd } = source
    const texts = await Promise.all([file, ...words].map((one) => sourceText(one, cwd)))
    const [web, ...hosts] = texts.map((text, index) => new Document(text, [file, ...words][index]!))
    return new Conversion(web!, hosts, await quietFolders(source), source).convert()
  },
}

/** An element with the file it stands in. */
interface Found {
  readonly element: XmlElement
  readonly file: string
}

/** One file of IIS. */
class Document {
  readonly root: XmlElement
  readonly file: string

  /** @throws {ConfigError} IMPORT_SYNTAX */
  constructor(text: string, file: string) {
    this.root = parseXml(text, file)
    this.file = file
    if (this.root.name !== 'configuration') {
      throw new ConfigError('IMPORT_SYNTAX', `${file}:${this.root.line}`, 'a web.config begins with <configuration>')
    }
  }

  /** Elements at a path of names below the outermost. */
  at(...names: readonly string[]): Found[] {
    return names
      .reduce(
        (level, name) => level.flatMap(({ children }) => children.filter((one) => one.name === name)),
        [this.root],
      )
      .map((element) => ({ element, file: this.file }))
  }
}

/** What plug has in its web.config by itself. */
const IN_PLUG = ['handlers', 'httpErrors', 'urlCompression', 'security', 'modules']
/** Where npm puts Sidegate, for a web.config that is read on another system. */
const SITE = String.raw`C:\srv\site`

class Conversion {
  readonly #web: Document
  readonly #quiet: readonly QuietFolder[]
  readonly #source: ImportSource
  readonly #report = new ImportReport()
  readonly #handler: Found
  readonly #application: Found | undefined
  readonly #settings: readonly Found[]
  readonly #site: SiteDraft

  /** @throws {ConfigError} IMPORT_SYNTAX: wfastcgi is nowhere in it */
  constructor(web: Document, hosts: readonly Document[], quiet: readonly QuietFolder[], source: ImportSource) {
    this.#web = web
    this.#quiet = quiet
    this.#source = source
    const handler = web.at('system.webServer', 'handlers', 'add').find(({ element }) => isWfastcgi(element))
    if (!handler) {
      throw new ConfigError(
        'IMPORT_SYNTAX',
        web.file,
        'no handler in it has a scriptProcessor with wfastcgi.py: is it the web.config of the app?',
      )
    }
    this.#handler = handler
    const [python, words] = processor(handler.element)
    this.#application = [web, ...hosts]
      .flatMap((one) => one.at('system.webServer', 'fastCgi', 'application'))
      .find(
        ({ element: { attributes } }) => sameText(attributes.fullPath, python) && sameText(attributes.arguments, words),
      )
    const inherited = this.#application?.element.children.filter(({ name }) => name === 'environmentVariables') ?? []
    this.#settings = [
      ...inherited.flatMap(({ children }) =>
        children
          .filter(({ name }) => name === 'environmentVariable')
          .map((element) => ({ element, file: this.#application!.file })),
      ),
      ...web.at('appSettings', 'add'),
    ].filter(({ element }) => keyOf(element) !== '')
    const prefix = this.#settings.findLast(({ element }) => keyOf(element) === 'SCRIPT_NAME')?.element.attributes.value
    const folder = dirname(resolve(source.cwd, source.file))
    this.#site = new SiteDraft(folder, prefix ?? '/', this.#application?.element, source.environment)
  }

  convert(): Imported {
    const site = this.#site
    for (const found of this.#settings) this.#takeVariable(found)
    this.#takeHandler()
    if (this.#application) this.#takeApplication(this.#application)
    site.mount.cwd ??= site.folder
    if (site.watches) site.touch(basename(this.#source.file))
    this.#takeOthers()
    if (site.mount.python === undefined) {
      throw new ConfigError('IMPORT_SYNTAX', this.#web.file, 'there is no WSGI_HANDLER in it, which names the app')
    }
    const listen = [`pipe:${this.#pipe()}`]
    const mounts = { [site.mountPath[1]]: site.mount, ...site.others }
    this.#tellHost(listen)
    return { config: { host: 'iis', ...site.gateway, listen, mounts }, report: this.#report }
  }

  #takeHandler(): void {
    const { element, file } = this.#handler
    const place = `${file}:${element.line}`
    const [python] = processor(element)
    if (!this.#application) {
      this.#tell(place, `scriptProcessor = ${element.attributes.scriptProcessor}`, interpreter(python, this.#site))
    }
    const { path = '*' } = element.attributes
    if (path !== '*') {
      this.#report.changed(place, `path = ${path}`, undefined, 'the handler of `sidegate plug iis` has the path *')
    }
  }

  #takeVariable({ element, file }: Found): void {
    const name = keyOf(element)
    const { value = '' } = element.attributes
    const setting = appSettings.find((one) => sameText(one.name, name))
    const known = setting ?? environmentVariable(name)
    const last = this.#settings.findLast((one) => sameText(keyOf(one.element), name))
    const fate: Fate =
      last?.element === element
        ? known.take(value, this.#site)
        : { changed: `that of ${last!.file}:${last!.element.line} counts` }
    this.#tell(`${file}:${element.line}`, setting ? `${name} = ${value}` : name, fate)
  }

  #takeApplication({ element, file }: Found): void {
    for (const [name, value] of Object.entries(element.attributes)) {
      const setting = applicationSettings.find((one) => one.name === name) ?? unknown(name)
      this.#tell(`${file}:${element.line}`, `${name} = ${value}`, setting.take(value, this.#site))
    }
  }

  #tell(place: string, written: string, fate: Fate): void {
    if ('left' in fate) this.#report.left(place, written, fate.left)
    else if ('changed' in fate) this.#report.changed(place, written, fate.to, fate.changed)
    else this.#report.carried(place, written, fate.to, fate.note)
  }

  /** What is no business of wfastcgi. */
  #takeOthers(): void {
    for (const child of this.#web.root.children) {
      const place = `${this.#web.file}:${child.line}`
      if (child.name === 'location') this.#takeLocation(child, place)
      else if (child.name === 'system.webServer') this.#takeServer(child)
      else if (child.name === 'appSettings') this.#takeOtherSettings(child)
      else this.#report.left(place, `<${child.name}>`, 'it is not of wfastcgi')
    }
    for (const { name, file, line } of this.#quiet) this.#addFiles(name, `${file}:${line}`, '<handlers>')
  }

  /** Of settings wfastcgi reads those that are added, and nothing that takes some away. */
  #takeOtherSettings({ children }: XmlElement): void {
    for (const { name, line, attributes } of children) {
      const written = `<${name}${attributes.key === undefined ? '' : ` key="${attributes.key}"`}> of <appSettings>`
      const place = `${this.#web.file}:${line}`
      if (name !== 'add') this.#report.left(place, written, 'wfastcgi takes no notice of it either')
      else if (attributes.key === undefined || attributes.key === '') this.#report.left(place, written, 'it has no key')
    }
  }

  #takeServer({ children }: XmlElement): void {
    for (const { name, line, children: inner } of children) {
      const place = `${this.#web.file}:${line}`
      if (name === 'handlers') {
        for (const other of inner) this.#takeOtherHandler(other)
      } else if (name === 'rewrite') {
        const why =
          'a rule that leads to the handler of wfastcgi is not needed any more; others belong into the new web.config'
        this.#report.left(place, '<rewrite>', why)
      } else if (IN_PLUG.includes(name)) {
        this.#report.changed(place, `<${name}>`, undefined, 'the new web.config has one of its own: compare them')
      } else if (name !== 'fastCgi') {
        this.#report.left(place, `<${name}>`, 'it is not of wfastcgi: copy it into the new web.config')
      }
    }
  }

  #takeOtherHandler(element: XmlElement): void {
    if (element === this.#handler.element) return
    const { name = '' } = element.attributes
    const written = `<${element.name}${name && ` name="${name}"`}> of <handlers>`
    const why = 'the new web.config has one handler, for all paths: put it in front of that where it is needed'
    if (element.name === 'add') this.#report.left(`${this.#web.file}:${element.line}`, written, why)
    else this.#report.changed(`${this.#web.file}:${element.line}`, written, undefined, 'the new web.config clears all')
  }

  /** A folder that IIS serves by itself. */
  #takeLocation(element: XmlElement, place: string): void {
    const { path = '' } = element.attributes
    const written = `<location path="${path}">`
    const handlers = element.children
      .filter(({ name }) => name === 'system.webServer')
      .flatMap(({ children }) => children.filter(({ name }) => name === 'handlers'))
    if (path !== '' && handlers.some(removes)) this.#addFiles(path, place, written)
    else this.#report.left(place, written, 'it is not of wfastcgi: copy it into the new web.config')
  }

  #addFiles(folder: string, place: string, written: string): void {
    const key = `/${folder.replaceAll('\\', '/').replace(/^\/|\/$/g, '')}`
    this.#site.others[key] = { files: this.#site.path(folder) }
    this.#report.changed(
      place,
      written,
      ['mounts', key, 'files'],
      'a mount of its own, for which the new web.config has a <location>',
    )
  }

  /** No two sites may have the same. */
  #pipe(): string {
    const module = String(this.#site.mount.python).split(/[.:]/, 1)[0]!
    return module.replace(/\W/g, '') || 'site'
  }

  #tellHost(listen: readonly string[]): void {
    const { folder, others } = this.#site
    const directory = isOfWindows(folder) ? folder : SITE
    const mounts = [
      { key: this.#site.mountPath[1], kind: 'python' },
      ...Object.keys(others).map((key) => ({
        key,
        kind: 'files',
        folder: {
          path: win32.join(directory, key),
          index: ['index.html'],
          maxAge: 0,
          dotfiles: false,
          followSymlinks: false,
        },
      })),
    ]
    const input = { directory, listeners: listen.map((address) => ({ address })), mounts }
    this.#report.host(
      `The web.config in the place of this one, for a site in ${directory} (sidegate plug iis --part web.config):`,
    )
    for (const line of render(input, { part: 'web.config' }).trimEnd().split('\n')) this.#report.host(line)
    this.#report.host(
      'Then, as administrator, install.ps1 of sidegate plug iis --part install.ps1: it registers the handler.',
    )
  }
}

function isWfastcgi({ attributes: { scriptProcessor = '' } }: XmlElement): boolean {
  return /wfastcgi/i.test(scriptProcessor)
}

/** `python.exe|wfastcgi.py`. */
function processor({ attributes: { scriptProcessor = '' } }: XmlElement): [python: string, words: string] {
  const [python = '', words = ''] = scriptProcessor.split('|', 2)
  return [python, words]
}

function sameText(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase()
}

function keyOf({ attributes: { key, name = '' } }: XmlElement): string {
  return key ?? name
}

function unknown(name: string): WfastcgiSetting {
  const why = 'IIS knows it, Sidegate does not'
  return { name, here: 'none', note: why, take: () => ({ left: why }) }
}

function removes({ children }: XmlElement): boolean {
  return children.some(({ name }) => name === 'clear' || name === 'remove')
}

/** A folder below that of the site, of which a web.config takes the handler away: IIS serves its files. */
interface QuietFolder {
  readonly name: string
  readonly file: string
  readonly line: number
}

/** @throws {ConfigError} IMPORT_MISSING, IMPORT_SYNTAX for a web.config that is there */
async function quietFolders({ file, cwd }: ImportSource): Promise<QuietFolder[]> {
  const folder = dirname(file)
  const entries = await readdir(resolve(cwd, folder), { withFileTypes: true })
  const found = entries
    .filter((entry) => entry.isDirectory())
    .map(async ({ name }): Promise<QuietFolder[]> => {
      const names = await readdir(resolve(cwd, folder, name)).catch(() => [])
      const own = names.find((one) => one.toLowerCase() === 'web.config')
      if (own === undefined) return []
      const path = join(folder, name, own)
      const handlers = new Document(await sourceText(path, cwd), path).at('system.webServer', 'handlers')
      return handlers
        .filter(({ element }) => removes(element))
        .map(({ element: { line } }) => ({ name, file: path, line }))
    })
  return (await Promise.all(found)).flat()
}
