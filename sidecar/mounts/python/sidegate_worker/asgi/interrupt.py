"""The end of the time that a request may take, where its code keeps the loop to itself: an exception in it, wherever it is. A request that
waits is cancelled instead (call.py)."""
import asyncio
import signal

from ..limits import LATE, TimeLimitExceeded, is_inside
from .call import Call


class Interrupt:
    """Another thread names the call that is late, and wakes the thread of the loop by a signal."""

    def __init__(self, link):
        self.link = link
        self.late = None
        if LATE is not None:
            signal.signal(LATE, self.heed)

    def at(self, number):
        """Any thread: the call of this number is late."""
        call = self.link.calls.get(number)
        if call is None or call.task is None or LATE is None or asyncio.current_task(self.link.loop) is not call.task:
            return
        self.late = call
        signal.pthread_kill(self.link.thread, LATE)

    def heed(self, number, frame):
        call, self.late = self.late, None
        if call is not None and asyncio.current_task(self.link.loop) is call.task and is_inside(frame, Call.run.__code__):
            call.late = call.gone = True
            raise TimeLimitExceeded()
