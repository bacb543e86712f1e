"""Starts what sidegate_worker/ beside this file has: a worker, or the check of an app.

    worker.py serve TARGET threads=N [path=DIR ...] [stop=SECONDS] [processes=N]
    worker.py asgi TARGET requests=N [path=DIR ...] [stop=SECONDS]
    worker.py check TARGET [path=DIR ...]

TARGET is `module[:callable]`, `module:factory()` or a file with `[:callable]` behind it. What a worker is given and tells is said in
sidegate_worker/__init__.py.

Every Python can read this file, to say that it is too old for the others. An app finds none of them on sys.path, and none is written: the
folder may be anybody's, and is the same before and after.
"""
import json
import os
import sys


def refuse(does, arguments):
    """This Python is too old: a worker says so by the control channel, behind its connections, a check by what it prints."""
    line = json.dumps({'type': 'failed', 'code': 'PYTHON_TOO_OLD', 'message': (
        '%s is Python %s: 3.8 or newer is needed; an app that wants this one can be served by a run mount, '
        'with a FastCGI or HTTP server of its own (docs/python.md)' % (sys.executable, sys.version.split()[0]))}) + '\n'
    if does == 'check':
        sys.stdout.write(line)
        return 0
    threads = [int(argument[8:]) for argument in arguments[1:] if argument.startswith('threads=')] or [1]
    os.write(4 + 2 * threads[0] if os.name == 'nt' else 3 + threads[0], line.encode('ascii'))
    return 1


if __name__ == '__main__' and sys.version_info < (3, 8):
    sys.exit(refuse(sys.argv[1], sys.argv[2:]))

from importlib.machinery import FileFinder, SourceFileLoader


class Unwritten(SourceFileLoader):
    """Compiles at every start, as Python does with this file: it has no way to leave bytecode behind."""

    def set_data(self, path, data, **_):
        pass


here = os.path.dirname(os.path.abspath(__file__))
for folder in (here, os.path.join(here, 'sidegate_worker'), os.path.join(here, 'sidegate_worker', 'asgi')):
    sys.path_importer_cache[folder] = FileFinder(folder, (Unwritten, ['.py']))
# Python has put it there, unless it was told to be safe.
sys.path.insert(0, here)
import sidegate_worker

sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or '.') != here]

# A process that the app has started by multiprocessing's `spawn` imports this file under another name, and finds the package as well.
if __name__ == '__main__':
    if sys.argv[1] == 'check':
        from sidegate_worker.check import main
    elif sys.argv[1] == 'asgi':
        from sidegate_worker.asgi.process import main
    else:
        from sidegate_worker.process import main
    sys.exit(main(sys.argv[2:]))
