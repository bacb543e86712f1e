// The FastCGI application in applicationHost.config: every limit is set, with its reason.
import type { IisPlan } from './plan.ts'
import { commandLine } from './plan.ts'

/** Its attributes, in the order of the documentation, each with why it is what it is. */
export function limits(plan: IisPlan): readonly (readonly [name: string, value: string, why: string])[] {
  const handler = plan.way === 'handler'
  return [
    [
      'fullPath',
      plan.node,
      'Node.js. With `arguments` it is the name of the application: scriptProcessor repeats both to the letter',
    ],
    [
      'arguments',
      commandLine(plan.words),
      handler ? 'the handler, where Sidegate listens, and the folder of the site' : 'Sidegate itself',
    ],
    [
      'maxInstances',
      handler ? '16' : '1',
      handler
        ? 'each takes one request at a time: so many run at once, the others queue. By itself IIS counts processors'
        : 'there is one Sidegate: requests are answered one after the other',
    ],
    [
      'idleTimeout',
      '1200',
      'seconds without a request, after which an instance ends; 300 by itself. As the idle time of an application pool',
    ],
    [
      'activityTimeout',
      '300',
      'seconds of silence of an app or an event stream, as with the other web servers; 70 by itself',
    ],
    ['requestTimeout', '3600', 'seconds of a whole request, as a long download takes; 90 by itself'],
    ['instanceMaxRequests', '1000000', 'then an instance is replaced; 200 by itself, for programs that leak'],
    ['protocol', 'NamedPipe', 'the other one, Tcp, is not served'],
    ['queueLength', '1000', 'requests that may wait for an instance; beyond that 503'],
    ['flushNamedPipe', 'false', 'nobody needs to wait until all is read: the pipe stays'],
    ['monitorChangesTo', '', 'a file whose change replaces the instances; Sidegate is what has to be started anew'],
    [
      'rapidFailsPerMinute',
      '100',
      'instances that end by themselves before IIS answers 500 for a while; 10 by itself, fewer than run when Sidegate is ended in the middle of responses',
    ],
    ['signalBeforeTerminateSeconds', '0', 'no event before the end: nothing waits for it, and nothing is lost without'],
    ['stderrMode', 'ReturnGeneric500', 'what a program says there is not for clients'],
  ]
}
