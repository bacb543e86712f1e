// The layers of a configuration, made but not opened.
import type { LayerEntry } from '../config/use.ts'
import type { Middleware, MiddlewareContext } from '../middleware/middleware.ts'
import { problemsOf, type Problem } from '../problem.ts'

/** Layers in their order, and what was wrong with others. */
export interface CreatedLayers {
  readonly layers: readonly Middleware[]
  readonly problems: readonly Problem[]
}

/** Makes every layer of a list; starts nothing. */
export function createLayers(entries: readonly LayerEntry[], context: Omit<MiddlewareContext, 'path'>): CreatedLayers {
  const layers: Middleware[] = []
  const problems: Problem[] = []
  for (const { kind, settings, path } of entries) {
    try {
      layers.push(kind.create(settings, { ...context, path }))
    } catch (error) {
      const found = problemsOf(error)
      if (!found) throw error
      problems.push(...found)
    }
  }
  return { layers, problems }
}
