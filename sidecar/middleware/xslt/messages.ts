// What the gateway and a thread that transforms say to each other.

/** The files of a sheet by their paths: what a thread has read, another one need not find changed. */
export type SheetFiles = Readonly<Record<string, Uint8Array>>

/** What a thread starts with. */
export interface ThreadSettings {
  /** Where the sheet is; absolute, without links. */
  readonly sheet: string
  /** What it may include and read is below this folder; absolute, without links. */
  readonly folder: string
  /** Those known already. */
  readonly files: SheetFiles
  /** Bytes of memory that documents and results may take together. */
  readonly memory: number
}

/** How results are written: what the sheet says in xsl:output (XSLT 1.0, 16). */
export interface SheetOutput {
  readonly method?: string | undefined
  readonly mediaType?: string | undefined
  readonly encoding?: string | undefined
}

/** A document to transform. */
export interface Job {
  readonly document: Uint8Array
  /** What Content-Type says of its encoding. */
  readonly charset: string | undefined
  /** XPath expressions by the names of parameters. */
  readonly parameters: Readonly<Record<string, string>>
}

/** The sheet is loaded. */
export interface Ready {
  readonly type: 'ready'
  readonly output: SheetOutput
  readonly files: SheetFiles
  /** What the processor had to say. */
  readonly said: readonly string[]
}

/** A document is transformed. */
export interface Transformed {
  readonly type: 'transformed'
  readonly result: Uint8Array
  readonly html: boolean
  /** Files were read for it. */
  readonly reads: boolean
  /** What the sheet and the processor had to say. */
  readonly said: readonly string[]
}

/** It could not be done. */
export interface Failed {
  readonly type: 'failed'
  /** What was looked at when it went wrong. */
  readonly at: 'sheet' | 'document' | 'transformation'
  readonly said: readonly string[]
  /** The processor is of no use any more. */
  readonly broken: boolean
}

/** What a thread says. */
export type Answer = Ready | Transformed | Failed
