// What a service manager hears: a real datagram socket, which Node.js has not; Python reads it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { stopProcess, until } from '../harness.ts'

const READER = `import json, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print(flush=True)
while True:
    text = manager.recv(65536).decode()
    print(json.dumps(dict(line.split('=', 1) for line in text.split('\\n') if line)), flush=True)`

/** A message by its variables. */
export type Message = Readonly<Record<string, string>>

export interface TestManager {
  readonly messages: readonly Message[]
  /** The first message, of those not waited for yet, in which each of these is found. */
  said(what: Readonly<Record<string, RegExp>>): Promise<Message>
  stop(): Promise<void>
}

/** Listens as one. @param path of its socket */
export async function testManager(path: string): Promise<TestManager> {
  const child = spawn('python3', ['-c', READER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const messages: Message[] = []
  let seen = 0
  const lines = createInterface(child.stdout)
  await once(lines, 'line')
  lines.on('line', (line) => {
    const message = JSON.parse(line) as Message
    // Of the sender, not of the service.
    if (message.BARRIER === undefined) messages.push(message)
  })
  return {
    messages,
    said: (what) =>
      until(JSON.stringify(Object.entries(what).map(String)), () => {
        const fits = (message: Message): boolean =>
          Object.entries(what).every(([name, pattern]) => pattern.test(message[name] ?? ''))
        const at = messages.findIndex((message, index) => index >= seen && fits(message))
        if (at < 0) return undefined
        seen = at + 1
        return messages[at]
      }),
    stop: () => stopProcess(child),
  }
}
