"""The end of the time that a request may take, where its code keeps the loop to itself: an exception in it, wherever it is, also in a task that
it has started. A request that waits is cancelled instead (call.py)."""
import asyncio
import signal

from ..limits import LATE, TimeLimitExceeded
from ..native import native_sleep
from ..traces import OWN
from .call import Call, current

# How often code is tried to be interrupted that is in this package, as it prints or sends, and the seconds between.
TRIES = 50
BETWEEN = 0.01


class Interrupt:
    """Another thread names the call that is late, and wakes the thread of the loop by a signal. `around`: what of this package runs the loop."""

    def __init__(self, link, around):
        self.link = link
        self.entries = (Call.run.__code__,) + around
        self.late = None
        if LATE is not None:
            signal.signal(LATE, self.heed)

    def at(self, number):
        """Any thread: the call of this number is late."""
        call = self.link.calls.get(number)
        if call is None or call.task is None or LATE is None:
            return
        self.late = call
        for _ in range(TRIES):
            signal.pthread_kill(self.link.thread, LATE)
            native_sleep(BETWEEN)
            if self.late is not call:
                return
        # What waits in C is interrupted when it returns.

    def heed(self, number, frame):
        call = self.late
        if call is None:
            return
        if current.get() is not call or asyncio.current_task(self.link.loop) is None:
            # It waits, or its turn is over.
            self.late = None
        elif self.is_in_app(frame):
            self.late = None
            call.late = call.gone = True
            raise TimeLimitExceeded()

    def is_in_app(self, frame):
        """Not in this package, whose bytes would get out of step."""
        while frame is not None and not frame.f_code.co_filename.startswith(OWN):
            frame = frame.f_back
        return frame is None or frame.f_code in self.entries
