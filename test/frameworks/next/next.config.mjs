const basePath = process.env.BASE ?? ''

export default { basePath, distDir: `.next${basePath}` }
