"""An app that puts eventlet's locks, threads and sockets in the place of Python's."""
import eventlet

eventlet.monkey_patch()

import patched

app = patched.app_of(lambda work: [job.wait() for job in [eventlet.spawn(work, n) for n in range(3)]])
