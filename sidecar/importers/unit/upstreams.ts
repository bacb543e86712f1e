// `proxy` and `upstreams` → upstream mounts.
import type { Group } from './group.ts'
import { Refused } from './refused.ts'
import { plainTarget, type Target } from './target.ts'
import { isFixed } from './template.ts'
import type { Told } from './told.ts'

/** Shares are whole numbers here, and may be parts in Unit. */
const WEIGHT_SCALE = 100

/** A server by itself. @throws {Refused} */
export function proxyTarget(proxy: string): Target {
  if (!isFixed(proxy)) throw new Refused(`proxy ${proxy} depends on the request: write a step for each of the servers`)
  return upstreamTarget('proxy', proxy)
}

function upstreamTarget(name: string, upstream: unknown): Target {
  return plainTarget(
    name,
    {},
    {
      id: `upstream ${JSON.stringify(upstream)}`,
      mount: ({ base }) => ({ upstream, ...(base !== '' && { keepPrefix: true }) }),
    },
  )
}

/** `upstreams` of the configuration. */
export class Upstreams {
  readonly #groups: Group
  readonly #told: Told
  readonly #used = new Set<string>()

  constructor(groups: Group, told: Told) {
    this.#groups = groups
    this.#told = told
  }

  /** @throws {Refused} for one that is not there */
  target(name: string): Target {
    const group = this.#groups[name] as Group | undefined
    if (!group) throw new Refused(`there is no upstreams.${name}`)
    this.#used.add(name)
    const servers = Object.entries((group.servers ?? {}) as Group).map(([address, server]) => {
      const weight = Number((server as Group | null)?.weight ?? 1)
      return { url: `http://${address}`, weight }
    })
    const working = servers.filter(({ weight }) => weight > 0)
    if (working.length === 0) throw new Refused(`upstreams.${name} has no servers`)
    const isWhole = working.every(({ weight }) => Number.isInteger(weight))
    const list = working.map(({ url, weight }) => ({
      url,
      weight: isWhole ? weight : Math.max(1, Math.round(weight * WEIGHT_SCALE)),
    }))
    const path = ['upstreams', name]
    const target = upstreamTarget(
      name,
      list.every(({ weight }) => weight === list[0]!.weight) ? list.map(({ url }) => url) : list,
    )
    return {
      ...target,
      mount: (site) => {
        this.#told.carried(path, ['mounts', site.key, 'upstream'], 'connections are kept, and X-Forwarded-* are set')
        return target.mount(site)
      },
    }
  }

  /** Tells of those to which nothing leads. */
  rest(): void {
    for (const name of Object.keys(this.#groups)) {
      if (!this.#used.has(name)) this.#told.left(['upstreams', name], 'nothing that is imported leads to it')
    }
  }
}
