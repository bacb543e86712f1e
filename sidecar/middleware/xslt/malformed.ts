import { AppError } from '../../errors.ts'

/** A response that is called XML, and cannot be read as such. */
export class Malformed extends AppError {
  constructor(message: string) {
    super('XSLT_DOCUMENT', message, 502)
  }
}
