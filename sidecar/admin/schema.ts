// The answers of the admin interface, described: what docs/admin.md and the OpenAPI document are made of. Tests hold real answers against it; nothing
// else loads it.
import * as v from 'valibot'
import type { MountStack } from '../places.ts'
import type { RequestReport } from '../request-report.ts'
import type { AdminStatus } from './status.ts'
import type { Way } from './ways.ts'

const text = (description: string) => v.pipe(v.string(), v.description(description))
const count = (description: string) => v.pipe(v.number(), v.description(description))
const yes = (description: string) => v.pipe(v.boolean(), v.description(description))
const one = <const Words extends readonly string[]>(words: Words, description: string) =>
  v.pipe(v.picklist(words), v.description(description))

const durations = (description: string) =>
  v.pipe(
    v.strictObject({
      count: count('How many.'),
      sum: count('Of all, in milliseconds.'),
      ranges: v.pipe(
        v.array(v.tuple([v.number(), v.number()])),
        v.description(
          'Up to how many milliseconds, and how many there are between the range before and this: a histogram.',
        ),
      ),
    }),
    v.description(description),
  )

const worker = v.strictObject({
  pid: count('The process.'),
  state: one(
    ['starting', 'ready', 'leaving', 'stopping', 'stuck'],
    '`leaving`: answers what it has; `stopping`: is asked to end; `stuck`: does not react.',
  ),
  since: text('When it was started.'),
  requests: count('Requests that it was given.'),
  busy: count('Those of them that are under way.'),
  places: count('How many it takes at a time.'),
  memory: v.optional(count('Resident memory in bytes, where it is known.')),
})

const server = v.strictObject({
  name: text('Its address with the protocol.'),
  usable: yes('False while it is left out, after failures or by its health check.'),
  busy: count('Requests under way there.'),
})

const layer = v.strictObject({
  layer: text('Its name, as in `use`.'),
  state: v.optional(one(['closed', 'open', 'trial'], 'Of a circuit.')),
  counts: v.pipe(
    v.record(v.string(), v.number()),
    v.description(
      'Since it was opened, with the gateway or by a reload of its mount. `limit`: `passed`, `refused`, `waiting` now, `clients` that are remembered; `circuit`: `refused`, `opened`; `cache`: `hits`, `asked` of the app, `entries` and `bytes` that are stored.',
    ),
  ),
})

const mount = v.strictObject({
  key: text('Its key in the configuration.'),
  since: text('When it was put there: with the gateway, or by its last reload.'),
  requests: count('Requests so far; a reload of the mount changes nothing of these counts.'),
  inFlight: count('Those that are not over.'),
  failed: count('Those that went wrong by no fault of their clients.'),
  abandoned: count('Those whose clients went away or broke their protocol.'),
  durations: durations('How long requests took that are over; without WebSockets.'),
  retired: yes('Another one has its place, or the gateway ends: it finishes what it has.'),
  drained: yes('It was taken out, and answers 503.'),
  mount: v.optional(
    v.strictObject({
      pids: v.optional(v.pipe(v.array(v.number()), v.description('Its processes.'))),
      workers: v.optional(v.array(worker)),
      waiting: v.optional(count('Requests that wait until a process or a server is free.')),
      waits: v.optional(durations('How long requests have waited for a worker.')),
      restarts: v.optional(
        v.pipe(
          v.record(v.string(), v.number()),
          v.description('How many processes were put in the place of others, by the reason.'),
        ),
      ),
      servers: v.optional(v.array(server)),
      layers: v.optional(v.array(layer)),
    }),
  ),
})

const gateway = v.strictObject({
  generation: count('Counted from 1.'),
  pid: count('Its process.'),
  state: one(
    ['starts', 'serves', 'finishes'],
    '`starts`: it does not serve yet; `finishes`: another one serves, or all stops.',
  ),
  since: text('When it was started.'),
  report: v.optional(
    v.strictObject({
      listeners: v.array(
        v.strictObject({
          address: text('As in the configuration, with the port that the system chose.'),
          protocols: v.pipe(v.array(v.string()), v.description('What is spoken there.')),
          connections: count('Connections that are open.'),
        }),
      ),
      mounts: v.array(mount),
      layers: v.array(layer),
      memory: count('Resident memory of the gateway, in bytes.'),
      logLevel: one(['info', 'warn', 'error'], 'From which level on the log has records.'),
    }),
  ),
})

const status: v.GenericSchema<unknown, AdminStatus> = v.strictObject({
  version: text('Of Sidegate.'),
  pid: count('The process that signals go to.'),
  supervised: yes('It was started with --supervise.'),
  gateways: v.array(gateway),
}) as v.GenericSchema<unknown, AdminStatus>

const generation = count('The gateway that has it.')

const requests: v.GenericSchema<unknown, RequestReport[]> = v.array(
  v.strictObject({
    id: text('As in logs and error pages.'),
    mount: text('The key of the mount that has it; empty while the layers of the gateway have it.'),
    method: text('Its method.'),
    uri: text('As the client sent it.'),
    host: text('Host, or SERVER_NAME.'),
    client: text('The address of the client, as the web server in front gave it.'),
    protocol: text('What the web server in front speaks.'),
    age: count('Milliseconds since its head had arrived.'),
    state: one(
      ['open', 'held', 'sent', 'upgraded'],
      '`open`: no head of a response; `held`: a head that is not sent; `sent`: the body is on its way; `upgraded`: a WebSocket, or another protocol.',
    ),
    received: count('Bytes of its body that came.'),
    sent: count('Bytes of the response that were sent.'),
    pid: v.optional(count('The worker process that has it.')),
    generation,
  }),
)

const stacks: v.GenericSchema<unknown, MountStack[]> = v.array(
  v.strictObject({
    mount: text('The key of the mount.'),
    pid: count('The process.'),
    text: text('As the language of the app has it; or why it cannot be told.'),
    generation,
  }),
)

const message = v.strictObject({ message: text('What was done.') })

const drained = v.strictObject({
  mount: text('Its key.'),
  out: yes('False: it is back.'),
  inFlight: count('Requests that are still under way there, `drainTimeout` after it was taken out.'),
})

/** What a way answers with 200, or 202. */
export const answers: Readonly<Record<Way['answers'], v.GenericSchema>> = {
  status,
  requests,
  stacks,
  message,
  drained,
}

/** What it answers with any other status. */
export const refusal = v.strictObject({
  code: v.optional(text('Stable, as in [errors.md](errors.md), where there is one.')),
  message: text('What went wrong, and what to do.'),
})
