"""Loads the app that a target names."""
import difflib
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys

from .failed import Failed, of_wrap
from .paste import filtered, is_paste, load_paste
from .target import call_of, is_file, split, split_wrap
from .traces import describe, trace_of

# Tried in this order when the target names no callable.
CALLABLES = ('application', 'app')


class Source(importlib.machinery.SourceFileLoader):
    """Compiles at every start, as servers of WSGI do with a file: to bytecode that was kept, a source of the same time and size is the one before."""

    def get_code(self, name):
        return self.source_to_code(self.get_data(self.path), self.path)


def load_module(place):
    """Imports a module by its name, or a file by its path with its folder on sys.path, as `python file.py` has it."""
    if not is_file(place):
        if place.split('.')[0] == __name__.split('.')[0]:
            raise Failed('PYTHON_MODULE_NOT_FOUND', 'a package of Sidegate has the name %s in its workers: name the file, '
                         './%s.py, or call it otherwise' % (place, place.replace('.', '/')))
        try:
            return importlib.import_module(place)
        except ModuleNotFoundError as error:
            missing = error.name or ''
            if place == missing or place.startswith(missing + '.'):
                raise Failed('PYTHON_MODULE_NOT_FOUND', '%s; looked in %s' % (
                    str(error), ', '.join(entry or '.' for entry in sys.path)))
            raise
    path = os.path.abspath(place)
    if not os.path.isfile(path):
        raise Failed('PYTHON_MODULE_NOT_FOUND', 'no file %s' % path)
    sys.path.insert(0, os.path.dirname(path))
    name = module_name(path)
    loader = Source(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_file_location(name, path, loader=loader))
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def module_name(path):
    """What a file is called as a module: its own name where an import of that name leads to it, else one that no import can mean.
    foo.wsgi may import a package foo."""
    name = os.path.splitext(os.path.basename(path))[0]
    if name.isidentifier() and name not in sys.modules:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        if spec is not None and spec.origin is not None and os.path.abspath(spec.origin) == path:
            return name
    return 'sidegate_file_' + re.sub(r'\W', '_', path)


def candidates(module, wanted):
    """What of a module could be meant, for the message."""
    names = [name for name, value in vars(module).items()
             if not name.startswith('_') and callable(value) and not isinstance(value, type)
             and getattr(value, '__module__', module.__name__) in (module.__name__, type(value).__module__)]
    if not names:
        return 'it has no callable at all'
    factories = [name for name in names if name.startswith(('create', 'make', 'build', 'get_'))]
    hint = '; is it a factory? then write %s()' % factories[0] if factories else ''
    near = difflib.get_close_matches(wanted, names, 3) if wanted else []
    names = near + sorted(name for name in names if name not in near)
    return 'its callables: %s%s%s' % (', '.join(names[:12]), ', ...' if len(names) > 12 else '', hint)


def find_callable(module, place, name):
    if not name:
        for candidate in CALLABLES:
            if hasattr(module, candidate):
                return getattr(module, candidate), candidate
        raise Failed('PYTHON_NO_CALLABLE', '%s has neither %s; write %s:NAME (%s)' % (
            place, ' nor '.join(CALLABLES), place, candidates(module, name)))
    found = module
    for part in name.split('.'):
        if not hasattr(found, part):
            raise Failed('PYTHON_NO_CALLABLE', '%s has no %s (%s)' % (place, name, candidates(module, name)))
        found = getattr(found, part)
    return found, name


def is_coroutine_function(value):
    code = getattr(value, '__code__', None) or getattr(getattr(value, '__func__', None), '__code__', None)
    return code is not None and bool(code.co_flags & 0x80)  # inspect.CO_COROUTINE


def wsgi_app(app, name):
    """The app itself, unless it is seen that it is one of ASGI.

    :raises Failed: then.
    """
    if is_coroutine_function(app) or is_coroutine_function(getattr(type(app), '__call__', None)):
        raise Failed('PYTHON_NOT_WSGI', '%s is an ASGI app (its callable is a coroutine): a WSGI app is needed. Mount an ASGI app as asgi:%s' % (name, name))
    return app


def load(target, wraps=(), judged=wsgi_app):
    """The app that a target names, with what `wraps` names round it: the first is outermost. `judged` is asked whether what is named is an app,
    and gives it.

    :raises Failed: when it is not there or is no app. What its code raises goes through.
    """
    app = judged(load_paste(target), target) if is_paste(target) else load_target(target, judged)
    for wrap in reversed(wraps):
        with of_wrap():
            app = wrapped(app, wrap)
    return app


def load_target(target, judged):
    place, name = split(target)
    name, arguments = call_of(name)
    app, name = find_callable(imported(place), place, name)
    if arguments is not None:
        try:
            app = app(*arguments[0], **arguments[1])
        except BaseException as error:
            raise Failed('PYTHON_FACTORY_FAILED', 'the factory %s:%s() raised %s' % (place, name, describe(error)), trace_of(error))
        if not callable(app):
            raise Failed('PYTHON_FACTORY_FAILED', 'the factory %s:%s() gave a %s, which is not callable' % (
                place, name, type(app).__name__))
    elif not callable(app):
        raise Failed('PYTHON_NO_CALLABLE', '%s:%s is a %s, which is not callable' % (place, name, type(app).__name__))
    return judged(app, '%s:%s' % (place, name))


def imported(place):
    try:
        return load_module(place)
    except Failed:
        raise
    except BaseException as error:
        raise Failed('PYTHON_IMPORT_FAILED', 'importing %s raised %s' % (place, describe(error)), trace_of(error))


def wrapped(app, wrap):
    """An app with WSGI middleware round it, which is called with the app first, and then with the arguments that are written behind it."""
    if wrap.startswith(('egg:', 'config:')):
        return filtered(app, wrap)
    place, name = split_wrap(wrap)
    name, arguments = call_of(name)
    arguments, named = arguments or ((), {})
    factory, name = find_callable(imported(place), place, name)
    try:
        made = factory(app, *arguments, **named)
    except BaseException as error:
        raise Failed('PYTHON_WRAP', '%s:%s raised %s' % (place, name, describe(error)), trace_of(error))
    if not callable(made):
        raise Failed('PYTHON_WRAP', '%s:%s gave a %s, which is not callable: it is to give an app' % (place, name, type(made).__name__))
    return made
