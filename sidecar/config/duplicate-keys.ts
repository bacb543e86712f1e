// Keys that stand twice in a group. The YAML parser compares each key with all others of its group, which takes a minute for 20,000 mounts;
// here each is looked up once.
import { isMap, isScalar, visit, YAMLParseError, type Document } from 'yaml'

/** An error for each key that is there already. */
export function duplicateKeys(document: Document): YAMLParseError[] {
  const errors: YAMLParseError[] = []
  visit(document, {
    Map(_, map) {
      const seen = new Set<unknown>()
      for (const { key } of isMap(map) ? map.items : []) {
        if (!isScalar(key)) continue
        if (seen.has(key.value) && key.range) {
          errors.push(new YAMLParseError([key.range[0], key.range[1]], 'DUPLICATE_KEY', 'Map keys must be unique'))
        }
        seen.add(key.value)
      }
    },
  })
  return errors.toSorted((one, other) => one.pos[0] - other.pos[0])
}
