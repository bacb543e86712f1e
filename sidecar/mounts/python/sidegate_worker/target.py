"""What an app is called: `module[:callable]`, `module:factory(...)` or a file with `[:callable]` behind it."""
import ast
import os
import re
import sys

from .failed import Failed


# What stands behind the colon where it is called: the arguments may hold colons of their own.
CALLED = re.compile(r':[A-Za-z_][\w.]*\(.*\)\Z', re.DOTALL)


def split(target):
    """A target's module or file, and what to call in it: empty when it says nothing of that."""
    called = CALLED.search(target)
    colon = called.start() if called else target.rfind(':')
    # A drive letter's colon is no separator: C:/app.py.
    if colon == 1 and target[2:3] in ('\\', '/'):
        colon = -1
    return (target, '') if colon < 1 else (target[:colon], target[colon + 1:])


def split_wrap(wrap):
    """The module or file of middleware, and what to call in it."""
    place, name = split(wrap)
    if not name:
        raise Failed('PYTHON_WRAP', '%s names no callable: write module:factory' % wrap)
    return place, name


def call_of(name):
    """A name and its arguments, as in `make_app("/srv", debug=True)`: Python literals. No arguments at all: it is not called.

    :raises Failed: for arguments that are something else.
    """
    paren = name.find('(')
    if paren < 0:
        return name, None
    try:
        call = ast.parse(name.strip(), mode='eval').body
        if not isinstance(call, ast.Call) or isinstance(call.func, ast.Call):
            raise ValueError('it is no call')
        arguments = [ast.literal_eval(argument) for argument in call.args]
        named = {}
        for keyword in call.keywords:
            if keyword.arg is None:
                raise ValueError('** is for programs')
            named[keyword.arg] = ast.literal_eval(keyword.value)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise Failed('PYTHON_TARGET', 'the arguments of %s have to be Python literals, such as ("/srv", debug=True): %s' % (name, error))
    return name[:paren].strip(), (arguments, named)


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
