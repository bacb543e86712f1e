import type { Framework } from '../framework.ts'

export const cherrypy: Framework = {
  name: 'cherrypy',
  title: 'CherryPy',
  packages: { pip: ['cherrypy==18.10.0'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  differs: [
    {
      check: 'an upload of 1 MiB',
      why: 'CherryPy reads the head of a part as ISO-8859-1, so that names of files beyond ASCII come wrong (`dÃ¤tei.bin`)',
    },
    { check: 'an upload in chunks', why: 'the same' },
  ],
  know: [
    "`cherrypy.config.update({ 'environment': 'embedded', 'log.screen': True })` leaves signals alone and has tracebacks in the log.",
    'Links and redirects are made by `cherrypy.url()`; what begins with `/` lacks the prefix otherwise.',
  ],
}
