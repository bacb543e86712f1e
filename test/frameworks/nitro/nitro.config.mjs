export default { preset: 'node-listener', compatibilityDate: '2026-01-01', minify: false }
