"""Answers with files, by wsgi.file_wrapper; the path says of which kind."""
import gzip
import io
import os
import tempfile

TEXT = b''.join(b'%d from a file ' % number for number in range(30000))


def plain(folder):
    return open(os.path.join(folder, 'plain'), 'rb')


def middle(folder):
    file = plain(folder)
    file.read(100000)
    return file


def unbuffered(folder):
    return open(os.path.join(folder, 'plain'), 'rb', 0)


def temporary(folder):
    file = tempfile.TemporaryFile()
    file.write(TEXT)
    file.seek(0)
    return file


def named(folder):
    file = tempfile.NamedTemporaryFile(dir=folder)
    file.write(TEXT)
    file.seek(0)
    return file


def zipped(folder):
    return gzip.open(os.path.join(folder, 'zipped'))


def memory(folder):
    return io.BytesIO(TEXT)


def at_end(folder):
    file = plain(folder)
    file.seek(0, 2)
    return file


def application(environ, start_response):
    folder = os.environ['FOLDER']
    if not os.path.exists(os.path.join(folder, 'plain')):
        with gzip.open(os.path.join(folder, 'zipped'), 'wb') as file:
            file.write(TEXT)
        with open(os.path.join(folder, 'plain'), 'wb') as file:
            file.write(TEXT)
    write = start_response('200 OK', [])
    if environ['QUERY_STRING'] == 'written':
        write(b'written before: ')
    return environ['wsgi.file_wrapper'](globals()[environ['PATH_INFO'][1:]](folder))
