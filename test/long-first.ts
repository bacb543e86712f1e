// The order in which test files run: those that take long first, so that none of them is left for the end, when the other workers have
// nothing to do.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Those that take half a minute and more; what is not here comes afterwards, the largest file first. */
const LONG = ['docker/compose', 'cli/conformance', 'memory/', 'conformance/', 'cli/', 'run/conformance', 'package/']

/** For `sequence.sequencer` of Vitest. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONG.findIndex((name) => moduleId.includes(`/test/${name}`))
      return found < 0 ? LONG.length : found
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}
