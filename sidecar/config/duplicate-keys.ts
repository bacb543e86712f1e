// Keys that stand twice in a group. The YAML parser compares each key with all others of its group, which takes a minute for 20,000 mounts;
// here each is looked up once.
import { isMap, isScalar, visit, YAMLParseError, type Document } from 'yaml'
import { word } from '../line.ts'

/** An error for each key that is there already. */
export function duplicateKeys(document: Document): YAMLParseError[] {
  const errors: YAMLParseError[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of isMap(map) ? map.items : []) {
        if (!isScalar(key)) continue
        if (seen.has(key.value) && key.range) {
          const message = `the key ${word(String(key.value))} is there already`
          errors.push(new YAMLParseError([key.range[0], key.range[1]], 'DUPLICATE_KEY', message))
        }
        seen.add(key.value)
      }
    },
  })
  return errors.toSorted((one, other) => one.pos[0] - other.pos[0])
}
