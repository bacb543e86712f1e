import type { Application } from '../../../sidecar/interface/types.ts'

/** Puts a name and the mount's settings into the environ. */
export function middleware(app: Application, settings?: { name: string }): Application {
  return (environ, startResponse) => {
    const trail = `${String(environ.trail ?? '')}${settings?.name ?? '-'}`
    return app({ ...environ, trail }, startResponse)
  }
}

export const nothing = (): void => {}

export const refuses = (): never => {
  throw new Error('no such setting')
}

export const sloppy =
  (app: Application): Application =>
  (environ, startResponse) => {
    app(environ, () => async () => {})
    startResponse('200 OK', [])
    return 'text' as never
  }

export const number = 5

export const echo: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [String(environ.trail)]
}
