"""An app that puts gevent's locks, threads and sockets in the place of Python's."""
from gevent import monkey

monkey.patch_all()

import gevent
import patched

app = patched.app_of(lambda work: [job.get() for job in [gevent.spawn(work, n) for n in range(3)]])
