"""Looks at an app without importing it or what it imports."""
import json
import os
import sys
import types

from .arguments import options
from .failed import Failed
from .target import is_file, split
from .traces import describe


def find(name, folders):
    """The spec of a module by who would be asked at its import; a package on the way is not imported."""
    for finder in sys.meta_path:
        spec = finder.find_spec(name, folders)
        if spec is not None:
            return spec
    raise Failed('PYTHON_MODULE_NOT_FOUND', 'No module named %r; looked in %s' % (
        name, ', '.join(entry or '.' for entry in folders or sys.path)))


def source_of(place):
    """The file of a module or file, and its text; None where there is no text, as of an extension."""
    if is_file(place):
        path = os.path.abspath(place)
        if not os.path.isfile(path):
            raise Failed('PYTHON_MODULE_NOT_FOUND', 'no file %s' % path)
    else:
        folders = None
        name = ''
        for part in place.split('.'):
            name = name + '.' + part if name else part
            spec = find(name, folders)
            if spec.submodule_search_locations is not None:
                # Finders look for a package's parent among the imported ones: an empty one stands there.
                package = sys.modules[name] = types.ModuleType(name)
                package.__path__ = spec.submodule_search_locations
                folders = list(spec.submodule_search_locations)
            else:
                folders = []
        path = spec.origin
        if not path or not path.endswith('.py') or not os.path.isfile(path):
            return path, None
    with open(path, 'rb') as file:
        return path, file.read()


def check(target):
    place, _ = split(target)
    path, source = source_of(place)
    if source is None:
        return
    try:
        compile(source, path, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise Failed('PYTHON_IMPORT_FAILED', '%s cannot be imported: %s' % (place, describe(error)))


def main(arguments):
    """Prints one line of JSON: {} or {"code": ..., "message": ...}; the exit code. `arguments`: those of ../worker.py behind `check`."""
    # Nothing that was not there is left by whoever is asked for a module.
    sys.dont_write_bytecode = True
    settings = options(arguments)
    sys.path[:0] = settings['path'] + [os.getcwd()]
    try:
        check(settings['target'])
        print('{}')
    except Failed as error:
        print(json.dumps({'code': error.code, 'message': str(error)}))
    return 0
