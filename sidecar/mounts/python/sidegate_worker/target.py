"""What an app is called: `module[:callable]`, `module:factory()` or a file with `[:callable]` behind it."""
import os
import sys

from .failed import Failed


def split(target):
    """A target's module or file, and what to call in it: empty when it says nothing of that."""
    colon = target.rfind(':')
    # A drive letter's colon is no separator: C:/app.py.
    if colon == 1 and target[2:3] in ('\\', '/'):
        colon = -1
    return (target, '') if colon < 1 else (target[:colon], target[colon + 1:])


def is_file(place):
    """True for a path: it holds a slash, ends with `.py`, or a file of that name is there. A name that could be both is refused."""
    if '/' in place or os.sep in place or place.endswith('.py'):
        return True
    if not os.path.isfile(place):
        return False
    inner = place.replace('.', os.sep)
    for entry in sys.path:
        for module in (inner + '.py', os.path.join(inner, '__init__.py')):
            if os.path.isfile(os.path.join(entry, module)):
                raise Failed('PYTHON_TARGET_AMBIGUOUS', '%s is the file ./%s and the module in %s: write ./%s for the file, '
                             'or choose another cwd for the module' % (place, place, os.path.join(entry, module), place))
    return True
