"""Signals, and forks."""
import os
import signal
import threading

from .control import tell


def present(*names):
    """Those that the system has."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


# Signals at which a worker asks to be replaced, and all that do not end it.
LEAVE = present('SIGTERM', 'SIGHUP', 'SIGQUIT')
HEEDED = LEAVE + present('SIGINT', 'SIGBREAK', 'SIGUSR1', 'SIGUSR2')


class Signals:
    """Service managers signal every process of a service; only the gateway decides when a worker ends, so that no request is lost. A handler,
    not SIG_IGN: programs that the app starts shall not inherit it."""

    def __init__(self, control):
        self.control = control
        self.before = {number: signal.signal(number, self.heed) for number in HEEDED}
        self.mask = threading.local()

    def heed(self, number, frame):
        if number in LEAVE:
            tell(self.control, type='leave', reason=signal.Signals(number).name)

    def guard_forks(self, part):
        """`part` is called in a process that the app has forked: nothing of the worker's is to be left to it, and signals end it as any other."""
        if not hasattr(os, 'register_at_fork'):
            return

        def in_child():
            part()
            os.close(self.control)
            for number in self.before:
                if signal.getsignal(number) == self.heed:
                    signal.signal(number, self.before[number])
            self.go_on()

        os.register_at_fork(before=self.hold, after_in_parent=self.go_on, after_in_child=in_child)

    def hold(self):
        """A signal for the child waits until it is one that the child knows itself: Python would drop it."""
        self.mask.value = signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)

    def go_on(self):
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask.value)
