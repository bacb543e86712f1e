// Whether what users write is checked against its rules while it runs.

/** On where NODE_ENV says that it is being written or tested: a production server whose NODE_ENV nobody set must not pay for it. */
export function lintByDefault(environment: string | undefined = process.env.NODE_ENV): boolean {
  return environment === 'development' || environment === 'test'
}
