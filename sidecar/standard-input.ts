// Standard input as a connection both ways: how IIS hands a FastCGI process the one pipe that it speaks on.
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'

const NOTHING = new Uint8Array(0)
/** How often it is looked whether the web server has connected, in milliseconds. */
const LOOK_MS = 10

/**
 * Opens it, once the web server is at its other end: a pipe of Windows that is read before that is lost (ERROR_PIPE_LISTENING), and
 * Node.js has nothing that waits for it (ConnectNamedPipe); a write of nothing tells. On other systems it is connected from the start.
 *
 * The socket keeps its side open when the other ends; `destroy` it, as `end` waits for a reader that may be gone. Standard input itself
 * stays open until the process ends.
 * @throws {Error} the system's, when standard input cannot be opened as a connection
 */
export async function openStandardInput(platform: NodeJS.Platform = process.platform): Promise<Socket> {
  while (platform === 'win32' && !isConnected()) await after(LOOK_MS)
  return new Socket({ fd: 0, readable: true, writable: true, allowHalfOpen: true })
}

function isConnected(): boolean {
  try {
    writeSync(0, NOTHING)
    return true
  } catch (error) {
    // What else is wrong, opening it says.
    return (error as NodeJS.ErrnoException).code !== 'UNKNOWN'
  }
}
