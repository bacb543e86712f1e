const base = process.env.BASE ?? ''

export default { basename: base || '/', buildDirectory: `build${base}` }
