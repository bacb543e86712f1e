import type { Framework } from '../framework.ts'

export const falcon: Framework = {
  name: 'falcon',
  title: 'Falcon',
  packages: { pip: ['falcon==4.4.0'] },
  mount: ({ environment }) => ({ python: 'app:app', ...environment }),
  know: [
    'A part of a form may have 1 MiB unless `max_body_part_buffer_size` says otherwise.',
    'HEAD wants an `on_head`.',
  ],
}
