// For apps that know their prefix, and want to see it.
import * as v from 'valibot'

/** The setting `keepPrefix`. `what`: what is different with it, for its description. */
export function prefixEntry(what: string): { keepPrefix: ReturnType<typeof setting> } {
  return { keepPrefix: setting(what) }
}

const setting = (what: string) =>
  v.pipe(
    v.optional(v.boolean(), false),
    v.description(`For an app that is told its prefix by a setting of its own: ${what}`),
  )
