console.error('no database')
process.exit(4)
