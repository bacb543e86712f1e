// IIS, as a host: what it speaks, what it gets wrong, how its config is written, and what usually is in its way.
import type { Host } from '../host.ts'
import { examine } from './examine.ts'
import { example } from './example.ts'
import { partNames } from './parts.ts'
import { filesFor, render } from './render.ts'
import { repair } from './repair.ts'

export const iis = {
  name: 'iis',
  summary: 'IIS 7.5 and later, by its FastCGI module; also by HttpPlatformHandler or ARR',
  protocols: ['fastcgi'],
  extension: 'config',
  files: Object.fromEntries([...filesFor(example).keys()].map((part) => [part, { part }])),
  parts: partNames,
  example,
  repair,
  render,
  examine,
} satisfies Host
