"""Paste Deploy: apps, filters and pipelines that an .ini file puts together. The package PasteDeploy reads it, as everywhere."""
import os
from urllib.parse import quote

from .failed import Failed
from .traces import describe, trace_of

MISSING = 'PasteDeploy, which reads %s, is not installed: pip install PasteDeploy into the environment of the app'
PERCENT = '%s cannot be loaded: PasteDeploy fills in the path of the file (%%(here)s), and takes a %% in it for more to fill in: rename the folder'


def is_paste(target):
    """True for `file.ini` with or without `#name` behind it."""
    return target.partition('#')[0].endswith('.ini')


def place_of(target):
    """Its file, absolute, and what is named in it: empty for `main`.

    :raises Failed: when it is not there.
    """
    file, _, name = target.partition('#')
    path = os.path.abspath(file)
    if not os.path.isfile(path):
        raise Failed('PYTHON_MODULE_NOT_FOUND', 'no file %s' % path)
    return path, name


def load_paste(target):
    """The app of a file, which may name one of several (`[app:admin]`, `[pipeline:admin]`, `[composite:admin]`)."""
    path, name = place_of(target)
    if '%' in path:
        raise Failed('PYTHON_PASTE', PERCENT % path)
    configure_logging(path)
    # It is an address to PasteDeploy, where a # in a folder's name means something else.
    return loaded('loadapp', target, 'config:' + quote(path, safe='/\\:'), name or None)


def filtered(app, uri):
    """An app behind a filter of a package (`egg:Paste#gzip`) or of a file (`config:/etc/shop.ini#gzip`)."""
    made = loaded('loadfilter', uri, uri, None)
    try:
        return made(app)
    except BaseException as error:
        raise Failed('PYTHON_WRAP', '%s raised %s' % (uri, describe(error)), trace_of(error))


def loaded(how, target, uri, name):
    try:
        from paste import deploy
    except ImportError:
        raise Failed('PYTHON_PASTE', MISSING % target)
    try:
        return getattr(deploy, how)(uri, name=name, relative_to=os.getcwd())
    except BaseException as error:
        raise Failed('PYTHON_PASTE', '%s cannot be loaded: %s' % (target, describe(error)), trace_of(error))


def configure_logging(path):
    """As pserve does: where the file has [loggers]."""
    import configparser
    import logging.config
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(path, encoding='utf-8')
    except Exception as error:
        raise Failed('PYTHON_PASTE', '%s cannot be read: %s' % (path, describe(error)), trace_of(error))
    if not parser.has_section('loggers'):
        return
    known = {'__file__': path, 'here': os.path.dirname(path)}
    try:
        logging.config.fileConfig(path, known, disable_existing_loggers=False)
    except Exception as error:
        raise Failed('PYTHON_PASTE', 'the logging of %s cannot be set up: %s' % (path, describe(error)), trace_of(error))
