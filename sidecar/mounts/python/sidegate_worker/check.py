"""Looks at an app without importing it or what it imports."""
import json
import os
import sys
import types

from .arguments import options
from .failed import Failed, of_wrap
from .paste import MISSING, is_paste, place_of
from .target import call_of, is_file, split, split_wrap
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
    if is_paste(target):
        place_of(target)
        try:
            source_of('paste.deploy')
        except Failed:
            raise Failed('PYTHON_PASTE', MISSING % target)
        return
    check_called(*split(target))


def check_wrap(wrap):
    if not wrap.startswith(('egg:', 'config:')):
        check_called(*split_wrap(wrap))


def check_called(place, name):
    call_of(name)
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
        for wrap in settings['wrap']:
            with of_wrap():
                check_wrap(wrap)
        print('{}')
    except Failed as error:
        print(json.dumps({'code': error.code, 'message': str(error)}))
    return 0
