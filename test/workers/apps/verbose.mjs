throw new Error(`no database ${'x'.repeat(5_000_000)}`)
