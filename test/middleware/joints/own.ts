// A layer as users write them: it sees what passes, has some wait, and answers others itself.
import { setImmediate as turn } from 'node:timers/promises'
import { through, type LayerFactory } from '../../../sidecar/index.ts'

interface Settings {
  readonly held?: boolean
  /** A path that it answers itself. */
  readonly answers?: string
}

const own: LayerFactory<Settings> = ({ held, answers }) => ({
  async handle(request, next) {
    if (held) await turn()
    if (request.variables.PATH_INFO === answers) {
      request.respond({ status: 200, headers: [['Content-Type', 'text/plain']] })
      return request.end('of the layer')
    }
    return next(
      through(request, {
        head: (head) => ({ ...head, headers: [...head.headers, ['X-Own', 'seen']] }),
        body(bytes, last, outer) {
          if (last) outer.end(bytes)
          else return bytes === undefined || outer.write(bytes)
          return true
        },
      }),
    )
  },
})
export default own
