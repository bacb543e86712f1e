// npm run house: who imports whom, against the plan.
import { join } from 'node:path'
import { report } from './report.ts'
import { rooms } from './rooms.ts'

const { text, faults } = report(join(import.meta.dirname, '../..'), rooms)
process.stdout.write(text)
process.exitCode = faults === 0 ? 0 : 1
