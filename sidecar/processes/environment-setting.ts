// The setting `env`: variables that the system takes.
import * as v from 'valibot'
import { sizeOf, VARIABLE_MAX } from './variable-size.ts'

/** The setting `env`, in each kind of mount that has processes. */
export const environmentSetting = v.pipe(
  v.record(v.string(), v.string()),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return
    for (const [key, text] of Object.entries(dataset.value)) {
      const message = wrongWith(key, text)
      const place = { type: 'object', origin: 'value', input: dataset.value, key, value: text } as const
      if (message !== undefined) addIssue({ message, path: [place] })
    }
  }),
)

function wrongWith(name: string, text: string): string | undefined {
  if (!/^[^=\0]+$/.test(name)) return 'is no name of a variable: it has a NUL byte or an equals sign, or is empty'
  if (text.includes('\0')) return 'has a NUL byte, which ends a text for every program'
  const size = sizeOf(name, text)
  return size > VARIABLE_MAX
    ? `takes ${size} bytes with its name: ${VARIABLE_MAX} are the most that a system takes`
    : undefined
}
