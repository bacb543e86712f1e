// What the package `sidegate` exports: the interface for apps, and what a configuration file needs.
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
export { fromNode } from './interface/from-node.ts'
export { lint } from './interface/lint.ts'
export { LintError } from './interface/lint-error.ts'
export { decodePathInfo, encodePathInfo } from './interface/path.ts'
export { toFetch } from './interface/to-fetch.ts'
export { toNode } from './interface/to-node.ts'
export { defineConfig, type Config, type ListenConfig, type MountConfig } from './config/define.ts'
export { AppError, ConfigError, PeerError, SidegateError, UpstreamError, type Blame } from './errors.ts'
export { Log, type AccessRecord, type LogFields, type LogFormat, type LogLevel, type LogSink } from './log.ts'
