// `applications` → mounts of their kinds.
import type { AppContext, Group } from './group.ts'
import { externalMount } from './external.ts'
import { phpMount } from './php.ts'
import { pythonMount, scriptOf } from './python.ts'
import { Refused } from './refused.ts'
import { plainTarget, STAND_IN, type Site, type Target } from './target.ts'
import type { Told } from './told.ts'

/** What is done with a type. @throws {Refused} */
type Maker = (context: AppContext, site: Site) => Readonly<Record<string, unknown>>

const MAKERS: Readonly<Record<string, Maker>> = { python: pythonMount, php: phpMount, external: externalMount }

/** Types that are not run here, and what runs them. */
const OTHERS: Readonly<Record<string, string>> = {
  ruby: "its server runs it: { run: 'puma -b unix://$SOCKET config.ru', speaks: 'http' }",
  perl: "its server runs it: { run: 'plackup -s FCGI --listen $SOCKET app.psgi', speaks: 'fastcgi' }",
  java: "Tomcat or Jetty runs it: { upstream: 'ajp://127.0.0.1:8009' }, or http",
  wasm: 'nothing here runs WebAssembly: a server of its own, and { upstream } to it',
  'wasm-wasi-component':
    "wasmtime serves it: { run: 'wasmtime serve --addr 127.0.0.1:$PORT app.wasm', speaks: 'http' }",
}

/** The applications of a configuration. */
export class Applications {
  readonly #groups: Group
  readonly #told: Told
  readonly #used = new Set<string>()

  constructor(groups: Group, told: Told) {
    this.#groups = groups
    this.#told = told
  }

  /** @param part of its `targets`. @throws {Refused} for one that is not there, or of no type that is run here */
  target(name: string, part: string | undefined): Target {
    const app = this.#groups[name] as Group | undefined
    if (!app) throw new Refused(`there is no applications.${name}`)
    this.#used.add(name)
    const type = String(app.type).split(' ')[0]!
    const maker = MAKERS[type]
    const path = ['applications', name]
    const told = this.#told
    if (!maker) return this.#refuse(name, OTHERS[type] ?? `nothing is known of the type ${type}`)
    const wanted = part === undefined ? undefined : ((app.targets as Group | undefined)?.[part] as Group | undefined)
    if (part !== undefined && !wanted) throw new Refused(`there is no applications.${name}.targets.${part}`)
    const more: Partial<Target> = {
      id: `application ${JSON.stringify([name, part])}`,
      script: type === 'python' ? scriptOf(wanted ?? app) : '',
      alone: true,
      whole: type === 'php',
      mount: (site) => {
        told.carried([...path, 'type'], ['mounts', site.key])
        const to = (setting: string): string[] => ['mounts', site.key, ...setting.split('.')]
        return maker({ name, app, part, told, to }, site)
      },
    }
    if (type === 'external') this.#demandNode(app)
    return plainTarget(part === undefined ? name : `${name}-${part}`, {}, more)
  }

  #demandNode(app: Group): void {
    const words = [app.executable, ...((app.arguments as unknown[] | undefined) ?? [])].map(String)
    if (words.some((word) => /\.[cm]?[jt]s$/.test(word))) return
    throw new Refused(
      `${String(app.executable)} is no script of Node.js: have it listen on $PORT, and { run: '${String(app.executable)}', speaks: 'http' }`,
    )
  }

  #refuse(name: string, why: string): Target {
    this.#told.left(['applications', name], `${why}; until then its requests get 503`)
    return STAND_IN
  }

  /** Tells of those to which nothing leads. */
  rest(): void {
    for (const name of Object.keys(this.#groups)) {
      if (!this.#used.has(name)) this.#told.left(['applications', name], 'nothing that is imported leads to it')
    }
  }
}
