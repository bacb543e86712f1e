"""Which files of an app are loaded, told while it runs: what `sidegate dev` watches."""
import os
import sys

from .control import tell
from .native import native_sleep

# Seconds between two looks: an app loads more while it answers.
LOOK = 0.3

INSTALLED = tuple(os.path.realpath(path) + os.sep for path in {sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)})
OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep


class Sources:
    """Those told so far."""

    def __init__(self, control):
        self.control = control
        self.told = set()

    def look(self):
        """Tells those that are new; what is installed changes with an installation, and is not the app's."""
        for module in list(sys.modules.values()):
            file = getattr(module, '__file__', None)
            if not isinstance(file, str) or file in self.told:
                continue
            self.told.add(file)
            path = os.path.realpath(file)
            # An environment below the app's folder is a prefix too; an app below /usr is no part of Python.
            if path.startswith(OWN) or os.sep + 'site-packages' + os.sep in path or os.sep + 'dist-packages' + os.sep in path:
                continue
            if path.startswith(INSTALLED) and os.sep + 'lib' in path:
                continue
            tell(self.control, type='source', file=path)

    def keep_looking(self):
        while True:
            self.look()
            native_sleep(LOOK)
