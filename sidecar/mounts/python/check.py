"""Looks at one WSGI app for Sidegate without importing it or what it imports.

    check.py TARGET [path=DIR ...]

as worker.py has them. Prints one line of JSON: {} or {"code": ..., "message": ...}.
"""
import json
import sys

if sys.version_info < (3, 8):
    print(json.dumps({'code': 'PYTHON_TOO_OLD', 'message': '%s is Python %s: 3.8 or newer is needed' % (
        sys.executable, sys.version.split()[0])}))
    sys.exit(0)

sys.dont_write_bytecode = True
import os
import types
import worker


def find(name, folders):
    """The spec of a module by who would be asked at its import; a package on the way is not imported."""
    for finder in sys.meta_path:
        spec = finder.find_spec(name, folders)
        if spec is not None:
            return spec
    raise worker.Failed('PYTHON_MODULE_NOT_FOUND', 'No module named %r; looked in %s' % (
        name, ', '.join(entry or '.' for entry in folders or sys.path)))


def source_of(place):
    """The file of a module or file, and its text; None where there is no text, as of an extension."""
    if worker.is_file(place):
        path = os.path.abspath(place)
        if not os.path.isfile(path):
            raise worker.Failed('PYTHON_MODULE_NOT_FOUND', 'no file %s' % path)
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
    place, _ = worker.split(target)
    path, source = source_of(place)
    if source is None:
        return
    try:
        compile(source, path, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise worker.Failed('PYTHON_IMPORT_FAILED', '%s cannot be imported: %s' % (place, worker.describe(error)))


def main(arguments):
    settings = worker.options(arguments)
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or '.') != here]
    sys.path[:0] = settings['path'] + [os.getcwd()]
    try:
        check(settings['target'])
        print('{}')
    except worker.Failed as error:
        print(json.dumps({'code': error.code, 'message': str(error)}))


if __name__ == '__main__':
    main(sys.argv[1:])
