// Puts a Sidegate into a Unit that runs, and takes it out.
import { ConfigError } from '../../sidecar/errors.ts'
import type { SocketEndpoint } from '../../sidecar/address.ts'
import { parsePeers } from '../../sidecar/peers.ts'
import type { PlugChange, PlugInput, PlugListener, PlugReport } from '../host.ts'
import { listenerFor } from '../listener.ts'
import { placed, type PlacedMount } from '../mounts.ts'
import { hostNote } from '../named.ts'
import { isTrusting, trustNote } from '../trust.ts'
import { readBundle, isOwnCertificate, type Bundle } from './certificate.ts'
import { removals, writesFor, type Wish, type Write } from './change.ts'
import { Control } from './control.ts'
import { difference } from './difference.ts'
import { at, isList, isObject, member, placeText, same, type Json, type JsonObject } from './json.ts'
import { checkName, markOf, NAME } from './mark.ts'
import { Refusal, refused } from './refusal.ts'
import { isShared, stepsFor } from './steps.ts'
import { configOf, Transaction } from './transaction.ts'
import { urlOf, wrongWith, type Question } from './verify.ts'
import { passPlace, proxyAddress } from './words.ts'

/** Unit's listener, unless another is asked for. */
const LISTENER = '*:8080'

/** Seconds that an answer may take. */
const TIMEOUT = 30

/** @throws {ConfigError} UNIT_…, PLUG_LISTENER, PLUG_NAME, PEER_BAD */
export async function apply(input: PlugInput, change: PlugChange, report: PlugReport): Promise<void> {
  const { name = NAME, into, certificates = [], forwardedFrom = [], timeout = TIMEOUT } = change
  checkName(name)
  const control = new Control(change.control, timeout)
  const address = change.listener ?? LISTENER
  if (/^\.{0,2}$/.test(address)) {
    throw new ConfigError('ADDRESS_BAD', '--on', `${JSON.stringify(address)} is no address of a listener, as *:8080 is`)
  }
  const { listener, endpoint } = listenerFor(input, 'http')
  for (const line of hostNote({ name: 'unit' }, 'NGINX Unit', listener)) report.note(line.replace(/^# ?/, ''))
  checkTrust(listener, endpoint, forwardedFrom, report)
  const mounts = placed(input.mounts)
  const bundle = certificates.length > 0 ? await readBundle(certificates, name) : undefined
  const wish: Wish = {
    name,
    steps: stepsFor(mounts, proxyAddress(endpoint), markOf(name)),
    ...(into === undefined ? { listener: { address, members: membersOf(bundle, forwardedFrom) } } : { into }),
  }
  const plan = (config: JsonObject): Write[] => writesFor(config, wish)
  const config = await configOf(control)
  const writes = plan(config)
  const own = bundle ? await ownCertificates(control, name) : []
  const isNew = bundle !== undefined && !own.includes(bundle.name)
  const used = certificatesBeside(config, address)
  const old = own.filter((one) => one !== bundle?.name && !used.includes(one))
  if (writes.length === 0 && !isNew && old.length === 0)
    return report.tell(`${nameOf(control)} is as it should be: nothing to change`)

  show(control, isNew ? bundle : undefined, writes, old, report)
  if (change.dryRun) return report.tell('nothing was changed: --dry-run')
  if (isNew) await upload(control, bundle)
  const transaction = new Transaction(control)
  try {
    await transaction.carryOut(plan)
    const question = change.verify === false ? undefined : await questionFor(control, wish, mounts, bundle, timeout)
    if (question) {
      const wrong = await wrongWith(question)
      if (wrong !== undefined) throw new ConfigError('UNIT_VERIFY', urlOf(question), wrong)
      // Someone who read it before this was written may have written it after: then it is not there any more.
      await transaction.carryOut(plan)
      report.tell(`changed; ${urlOf(question)} answers`)
    } else {
      const why = change.verify === false ? '--no-verify' : `no listener passes to ${into}`
      report.tell(`changed; nothing was asked for: ${why}`)
    }
  } catch (error) {
    throw await undone(error, transaction, control, isNew ? bundle.name : undefined)
  }
  if (bundle) await dropCertificates(control, name, bundle.name)
}

/** @throws {ConfigError} UNIT_… */
export async function remove(change: PlugChange, report: PlugReport): Promise<void> {
  const { name = NAME, timeout = TIMEOUT } = change
  checkName(name)
  const control = new Control(change.control, timeout)
  const plan = (config: JsonObject): Write[] => removals(config, name)
  const writes = plan(await configOf(control))
  const certificates = await ownCertificates(control, name)
  if (writes.length === 0 && certificates.length === 0) {
    return report.tell(`${nameOf(control)} has nothing of ${name}: nothing to remove`)
  }
  show(control, undefined, writes, certificates, report)
  if (change.dryRun) return report.tell('nothing was changed: --dry-run')
  const transaction = new Transaction(control)
  try {
    await transaction.carryOut(plan)
  } catch (error) {
    throw await undone(error, transaction, control, undefined)
  }
  await dropCertificates(control, name, undefined)
  report.tell('removed')
}

/** @throws {ConfigError} UNIT_TRUST, PEER_BAD */
function checkTrust(
  listener: PlugListener,
  endpoint: SocketEndpoint,
  from: readonly string[],
  report: PlugReport,
): void {
  parsePeers(from, '--forwarded-from')
  if (from.length > 0) {
    for (const line of trustNote('Unit', listener, endpoint, from)) report.note(line.replace(/^# ?/, ''))
  } else if (isTrusting(listener, endpoint)) {
    throw new ConfigError(
      'UNIT_TRUST',
      'listen',
      `${listener.address} trusts Unit, which passes X-Forwarded-For, -Proto and -Host on as a client wrote them: take that peer out of ` +
        'trust, or name the proxies in front of Unit that set them, with --forwarded-from',
    )
  }
}

function membersOf(bundle: Bundle | undefined, from: readonly string[]): JsonObject {
  return {
    ...(bundle && { tls: { certificate: bundle.name } }),
    ...(from.length > 0 && {
      forwarded: { client_ip: 'X-Forwarded-For', protocol: 'X-Forwarded-Proto', recursive: true, source: from },
    }),
  }
}

function nameOf({ address, server }: Control): string {
  return server === undefined ? address : `${address} (${server})`
}

/** @param old names of certificates that go */
function show(
  control: Control,
  bundle: Bundle | undefined,
  writes: readonly Write[],
  old: readonly string[],
  report: PlugReport,
): void {
  report.tell(`${nameOf(control)}:`)
  if (bundle) report.tell(`${placeText(['certificates', bundle.name])}\n  + ${bundle.summary}`)
  for (const write of writes) for (const line of difference(write)) report.tell(line)
  for (const one of old) report.tell(`${placeText(['certificates', one])}\n  - ${one}`)
}

async function upload(control: Control, { name, pem }: Bundle): Promise<void> {
  try {
    await control.upload(name, pem)
  } catch (error) {
    throw error instanceof Refusal ? refused(error, ['certificates', name], undefined) : error
  }
}

/** The error that ends the command, once what was done before it is taken back. */
async function undone(
  error: unknown,
  transaction: Transaction,
  control: Control,
  certificate: string | undefined,
): Promise<unknown> {
  if (!(error instanceof ConfigError)) return error
  const left = await transaction.takeBack()
  if (certificate !== undefined) await dropCertificate(control, certificate).catch(() => left.push(certificate))
  const end =
    left.length > 0
      ? `this has changed, or may have, and could not be taken back: ${left.join(', ')}`
      : 'Unit is as it was before'
  return new ConfigError(error.code, error.path, `${error.message}; ${end}`, { cause: error.cause })
}

async function questionFor(
  control: Control,
  { listener, into }: Wish,
  mounts: readonly PlacedMount[],
  bundle: Bundle | undefined,
  timeout: number,
): Promise<Question | undefined> {
  const listeners = (await control.get(['config', 'listeners'])) ?? {}
  const entries: [string, Json][] = isObject(listeners) ? Object.entries(listeners) : []
  const isInto = (one: Json): boolean => same(passPlace(String(member(one, 'pass'))), passPlace(into ?? ''))
  const address = listener?.address ?? entries.find(([, one]) => isInto(one))?.[0]
  if (address === undefined) return undefined
  const proxied = mounts.filter((mount) => !isShared(mount))
  // The last has the shortest prefix.
  const mount = proxied.findLast(({ host }) => host === '') ?? proxied.at(-1) ?? mounts.at(-1)
  const certificate = at(listeners, [address, 'tls', 'certificate'])
  // Of several Unit takes the one that has the name asked for, which need not be this.
  const print = isList(certificate) && certificate.length > 1 ? '' : (bundle?.fingerprint ?? '')
  return {
    listener: address,
    control: control.endpoint,
    host: mount?.host ?? '',
    path: `${mount?.prefix ?? ''}/`,
    fingerprint: certificate === undefined ? undefined : print,
    timeout,
  }
}

/** The certificates of all listeners but one. */
function certificatesBeside(config: JsonObject, address: string): Json[] {
  const listeners = isObject(config.listeners) ? Object.entries(config.listeners) : []
  return listeners.flatMap(([one, listener]) => {
    const used = one === address ? undefined : at(listener, ['tls', 'certificate'])
    return isList(used) ? [...used] : used === undefined ? [] : [used]
  })
}

async function ownCertificates(control: Control, name: string): Promise<string[]> {
  const certificates = await control.get(['certificates'])
  return isObject(certificates) ? Object.keys(certificates).filter((one) => isOwnCertificate(one, name)) : []
}

/** Removes those of Sidegate's own that nobody uses. */
async function dropCertificates(control: Control, name: string, but: string | undefined): Promise<void> {
  for (const one of await ownCertificates(control, name)) if (one !== but) await dropCertificate(control, one)
}

/** Unit keeps those that a listener uses. */
async function dropCertificate(control: Control, certificate: string): Promise<void> {
  try {
    await control.delete(['certificates', certificate])
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}
