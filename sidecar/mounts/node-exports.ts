// What apps of Node frameworks are known by. One that has a method fetch as well is a Fetch handler.
import { hasMethod, type KnownExports, type Properties } from './bare-target.ts'

const isFetch = (value: Properties): boolean => hasMethod(value, 'fetch')

/** The exports of the kind `node`. */
export const nodeExports: KnownExports = {
  plain: 'a Node handler (req, res)',
  shapes: [
    {
      because: 'the export is a function with handle and use, as apps of Express and Connect are',
      has: (value) => value.callable && hasMethod(value, 'handle') && hasMethod(value, 'use') && !isFetch(value),
    },
    {
      because: 'the export has the methods routing and ready, as instances of Fastify have',
      has: (value) => hasMethod(value, 'routing') && hasMethod(value, 'ready') && !isFetch(value),
    },
    {
      because: 'the export has listeners and listen, as an http.Server has',
      has: (value) =>
        !value.callable &&
        hasMethod(value, 'listeners') &&
        hasMethod(value, 'listen') &&
        !hasMethod(value, 'callback') &&
        !isFetch(value),
    },
  ],
  nearly: (value) =>
    !value.callable && hasMethod(value, 'callback') && hasMethod(value, 'use')
      ? 'this is a Koa app: export app.callback() and write node: in front'
      : undefined,
}
