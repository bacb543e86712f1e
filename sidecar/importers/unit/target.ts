// What answers requests: a mount that is still without its place.

/** Where a mount comes to be. */
export interface Site {
  /** Its key. */
  readonly key: string
  /** The prefix that requests lose on the way to it; empty: none, or they get it back as SCRIPT_NAME. */
  readonly base: string
}

/** What answers. */
export interface Target {
  /** Two with the same are one mount. */
  readonly id: string
  /** For its place below `/.unit`. */
  readonly name: string
  /** SCRIPT_NAME, where Unit sets one (`prefix` of an application). */
  readonly script: string
  /** It has workers, or something in memory: two of it are not the same as one. */
  readonly alone: boolean
  /** It has to see whole paths, and cannot be below a prefix. */
  readonly whole: boolean
  /** It stands in for what is not carried over. */
  readonly refuses: boolean
  /** The settings; what they come from is told by the way. */
  mount(site: Site): Readonly<Record<string, unknown>>
  /** What stands in front of it. */
  layers(site: Site): readonly unknown[]
}

/** One that is the same everywhere. */
export function plainTarget(
  name: string,
  mount: Readonly<Record<string, unknown>>,
  more: Partial<Target> = {},
): Target {
  return {
    id: JSON.stringify([name, mount]),
    name,
    script: '',
    alone: false,
    whole: false,
    refuses: false,
    mount: () => mount,
    layers: () => [],
    ...more,
  }
}

/** With layers in front, and behind those that it has. */
export function behind(target: Target, key: string, layers: Target['layers']): Target {
  return {
    ...target,
    id: `${target.id} ${key}`,
    layers: (site) => [...layers(site), ...target.layers(site)],
  }
}

/** What stands in for what is not carried over: nobody else may answer its requests. */
export const STAND_IN: Target = plainTarget(
  'not-carried-over',
  { respond: 503, body: 'What the configuration of Unit had here is not carried over.\n' },
  { refuses: true },
)

/** Nothing is there. */
export const NOT_FOUND: Target = plainTarget('not-found', { respond: 404 })
