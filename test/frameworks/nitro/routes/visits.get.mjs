import { eventHandler, useSession } from 'h3'

export default eventHandler(async (event) => {
  const session = await useSession(event, {
    password: 'a secret of the tests, and a long one',
    cookie: { secure: false },
  })
  await session.update({ visits: (session.data.visits ?? 0) + 1 })
  return String(session.data.visits)
})
