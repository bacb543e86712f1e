"""The pipes that requests come by."""
import os

from .channels import PIPES
from .native import native_lock


class Pipes:
    """The pipes that requests come by, until the gateway has said whether it uses them."""

    def __init__(self, connections):
        self.connections = connections
        self.ends = []
        self.settled = False
        self.lock = native_lock()
        self.lock.acquire()

    def open(self):
        """As late as can be: what the app has forked must not hold the ends for writing. Descriptor and inode of each; none where the
        gateway could not open them."""
        if PIPES:
            return []
        self.ends = [os.pipe() for _ in self.connections]
        return [(requests, os.fstat(requests).st_ino) for requests, _ in self.ends]

    def settle(self, used):
        """Only the gateway's end is left: it ends with the gateway."""
        if self.settled:
            return
        self.settled = True
        for connection, (requests, end) in zip(self.connections, self.ends):
            os.close(end)
            if used:
                connection.requests = requests
            else:
                os.close(requests)
        self.lock.release()

    def part(self):
        """Takes them away from a process that the app has forked."""
        for requests, end in self.ends:
            os.close(requests)
            if not self.settled:
                os.close(end)

    def wait(self):
        """Until it has been said."""
        self.lock.acquire()
        self.lock.release()
