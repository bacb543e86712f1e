import type { Framework } from '../framework.ts'

export const prestans: Framework = {
  name: 'prestans',
  title: 'prestans',
  packages: { pip: ['prestans==2.5.4'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  differs: [{ check: 'a response that streams', why: 'prestans has no responses in pieces' }],
  know: [
    "`rest.RequestRouter(…, charset='UTF-8')`: WebOb refuses forms in another charset.",
    'Without `debug=True` an exception is 503, and its traceback nowhere.',
    'A redirect is raised (`exception.TemporaryRedirect`) in a handler that has no `response_template`.',
    'Parts of a path come as PATH_INFO has them: `.encode("latin-1").decode()` makes text of them.',
  ],
}
