// What the package `sidegate` exports: the interface for apps, what a configuration file needs, and the gateway for programs.
import type { Config } from './config/define.ts'
import type { CreateGatewayOptions, OwnGateway } from './library/create-gateway.ts'
export type {
  Application,
  BodyChunk,
  Environ,
  ErrorStream,
  FileLike,
  FileWrapper,
  HeaderTuple,
  InputStream,
  Middleware,
  ResponseBody,
  StartResponse,
  Upgrade,
  UpgradeServer,
  Write,
} from './interface/types.ts'
export { callApplication, makeEnviron, type AppResponse, type RequestOptions } from './interface/call.ts'
export type { Surroundings } from './interface/environ.ts'
export { fromFetch } from './interface/from-fetch.ts'
export { fromJsgi } from './interface/from-jsgi.ts'
export { fromNode } from './interface/from-node.ts'
export { lint } from './interface/lint.ts'
export { LintError } from './interface/lint-error.ts'
export { decodePathInfo, encodePathInfo } from './interface/path.ts'
export { toFetch } from './interface/to-fetch.ts'
export { toNode } from './interface/to-node.ts'
export { defineConfig, type Config, type ListenConfig, type MountConfig } from './config/define.ts'
export type { CreateGatewayOptions, OwnGateway }
export { through } from './middleware/own/through.ts'
export type {
  Layer,
  LayerBody,
  LayerContext,
  LayerFactory,
  LayerHead,
  LayerHooks,
  LayerLog,
  LayerRequest,
  PassedOn,
} from './middleware/own/types.ts'
export { AppError, ConfigError, LayerError, PeerError, SidegateError, UpstreamError, type Blame } from './errors.ts'
export { Log, type AccessRecord, type LogFields, type LogFormat, type LogLevel, type LogSink } from './log.ts'
export { ConfigProblems, type Problem } from './problem.ts'

/**
 * A gateway of a program's own, in its process; not started yet.
 * @param config as `defineConfig` takes it, or the path of a configuration file
 * @throws {ConfigError} for what is wrong with the configuration; a ConfigProblems, whose `problems` are all that was found
 */
export async function createGateway(config: Config | string, options?: CreateGatewayOptions): Promise<OwnGateway> {
  // An app imports this module too, and needs no gateway.
  const library = await import('./library/create-gateway.ts')
  return library.createGateway(config, options)
}
