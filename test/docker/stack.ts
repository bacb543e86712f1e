// The stack of a compose file, brought up under a name and on a port of its own.
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { parse } from 'yaml'
import { freePort, temporaryFolder } from '../harness.ts'
import { run, type Ran } from './engine.ts'

const root = join(import.meta.dirname, '../..')
const standIns = join(import.meta.dirname, 'images')

// Building and fetching download packages for two minutes at worst; everything after it is a matter of seconds.
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

/** What the override file says of a service. */
interface Override {
  readonly image?: string
  readonly build?: { readonly args: object } | { readonly context: string; readonly dockerfile: string }
  readonly healthcheck?: { readonly interval: string }
}

/**
 * Names a stack; nothing is started before `compose` is called.
 * @param file the compose file, seen from the top folder
 */
export async function newStack(command: readonly string[], file: string = 'docker-compose.yml'): Promise<Stack> {
  const folder = temporaryFolder()
  const project = `sidegate-test-${randomBytes(4).toString('hex')}`
  const address = `127.0.0.1:${await freePort()}`
  const override = join(folder.path, 'override.yml')
  const docker = (...words: string[]): Promise<Ran> => must(['docker', ...words], {})
  const services: Record<string, Override> = await webServers(join(root, file))
  const node = await nodeImage(folder.path, docker)
  services.sidegate = {
    // one name for an image in every run: the packages in its layers are downloaded once
    image: 'sidegate-test-demo',
    ...(node === undefined ? {} : { build: { args: { NODE_IMAGE: node } } }),
    // the web server waits for the first check
    healthcheck: { interval: '1s' },
  }
  // JSON is YAML
  writeFileSync(override, JSON.stringify({ services }))
  const files = ['--file', join(root, file), '--file', override]
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

/** The web servers of a compose file whose image is not simply the public one. */
async function webServers(file: string): Promise<Record<string, Override>> {
  const { services } = parse(readFileSync(file, 'utf8')) as {
    services: Record<string, { image?: string; build?: string }>
  }
  const overrides: Record<string, Override> = {}
  for (const [name, { image, build }] of Object.entries(services)) {
    const own = { image: `sidegate-test-${name}` }
    const dockerfile = `${name}.Dockerfile`
    if (build !== undefined) overrides[name] = own
    else if (existsSync(join(standIns, dockerfile))) {
      const missing = await fetchImage(image!)
      if (missing === undefined) continue
      console.warn(`${image} cannot be had (${missing}): test/docker/images/${dockerfile} stands in for it`)
      overrides[name] = { ...own, build: { context: standIns, dockerfile } }
    }
  }
  return overrides
}

/** Fetches an image that is not there, or says why it cannot. */
async function fetchImage(image: string): Promise<string | undefined> {
  const here = await run(['docker', 'image', 'inspect', image], { milliseconds: COMMAND_MS })
  if (here.code === 0) return undefined
  const { code, stderr } = await run(['docker', 'pull', '--quiet', image], { milliseconds: BUILD_MS })
  return code === 0 ? undefined : stderr.trim()
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
