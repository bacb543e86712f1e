// The stack of docker-compose.yml, brought up under a name and on a port of its own.
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePort, temporaryFolder } from '../harness.ts'
import { run, type Ran } from './engine.ts'

const root = join(import.meta.dirname, '../..')

// Building downloads packages for two minutes at worst; everything after it is a matter of seconds.
const BUILD_MS = 240_000
const COMMAND_MS = 60_000

/** A stack that is up. */
export interface Stack {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** A compose command on this stack. @throws {Error} when it fails. */
  compose(...words: string[]): Promise<Ran>
  /** A docker command. @throws {Error} when it fails. */
  docker(...words: string[]): Promise<Ran>
  /** Removes containers, network and volume. Works after a failed start. */
  down(): Promise<void>
}

/** Names a stack; nothing is built or started before `compose` is called. */
export async function newStack(command: readonly string[]): Promise<Stack> {
  const folder = temporaryFolder()
  const project = `sidegate-test-${randomBytes(4).toString('hex')}`
  const address = `127.0.0.1:${await freePort()}`
  const override = join(folder.path, 'override.yml')
  const docker = (...words: string[]): Promise<Ran> => must(['docker', ...words], {})
  const image = await nodeImage(folder.path, docker)
  const build = image === undefined ? '' : `    build:\n      args:\n        NODE_IMAGE: ${image}\n`
  // one name for the image in every run: the packages in its layers are downloaded once
  writeFileSync(override, `services:\n  sidegate:\n    image: sidegate-test-demo\n${build}`)
  const files = ['--file', join(root, 'docker-compose.yml'), '--file', override]
  const compose = (...words: string[]): Promise<Ran> =>
    must([...command, '--project-name', project, ...files, ...words], { SIDEGATE_PORT: address })
  return {
    url: `http://${address}`,
    compose,
    docker,
    async down() {
      try {
        await compose('down', '--volumes', '--remove-orphans', '--timeout', '5')
      } finally {
        folder.remove()
      }
    },
  }
}

async function must(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ran> {
  const building = words.includes('build')
  const ran = await run(words, { cwd: root, env, milliseconds: building ? BUILD_MS : COMMAND_MS })
  if (ran.code === 0) return ran
  throw new Error(`${words.join(' ')} ended with ${ran.code}:\n${tail(ran.stdout)}\n${tail(ran.stderr)}`)
}

function tail(text: string): string {
  return text.split('\n').slice(-40).join('\n')
}

/** Where Node.js is told to trust more certificates, npm in the build needs them too: the public image with them put in. */
async function nodeImage(folder: string, docker: Stack['docker']): Promise<string | undefined> {
  const certificates = process.env.NODE_EXTRA_CA_CERTS
  if (!certificates || !existsSync(certificates)) return undefined
  copyFileSync(certificates, join(folder, 'certificates.pem'))
  writeFileSync(
    join(folder, 'Dockerfile'),
    `FROM node:24-bookworm-slim
COPY certificates.pem /etc/ssl/extra-certificates.pem
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/extra-certificates.pem
`,
  )
  await docker('build', '--tag', 'sidegate-test-node', folder)
  return 'sidegate-test-node'
}
