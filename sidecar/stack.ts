// A stack as far as it says where to look. What stands at its end is who called the app, and that is Sidegate and Node.js.
import { fileURLToPath } from 'node:url'

/** Below it are the sources of Sidegate, or what was built of them; `./` is one of the folders there. */
const HOME = new URL('..', import.meta.url).href
const OWN: readonly string[] = ['sidecar', 'plugin', 'chunks'].flatMap((room) => {
  const url = `${HOME}${room}/`
  return [url, fileURLToPath(url)]
})

const isFrame = (line: string): boolean => /^\s+at /.test(line)

function isOfOthers(line: string): boolean {
  return !/^\s+at .*?(?:\bnode:|<anonymous>|\(index \d+\))/.test(line) && !OWN.some((folder) => line.includes(folder))
}

/** The stack without the frames of Sidegate and Node.js below the last one of somebody else. One that has no other is Sidegate's own, and stays, unless Node.js could not load a module. */
export function whereToLook(stack: string): string {
  const kept: string[] = []
  let block: string[] = []
  for (const line of [...stack.split('\n'), '']) {
    if (isFrame(line)) block.push(line)
    else {
      kept.push(...worth(block), line)
      block = []
    }
  }
  return kept.slice(0, -1).join('\n')
}

function worth(frames: readonly string[]): readonly string[] {
  const last = frames.findLastIndex(isOfOthers)
  if (last >= 0) return frames.slice(0, last + 1)
  return /\(node:internal\/modules\//.test(frames[0] ?? '') ? [] : frames
}
