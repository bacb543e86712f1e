"""A health check that answers with the statuses in the file STATUS one after the other, the last one again and again; 0: it raises."""
import os

asked = []


def application(environ, start_response):
    if environ['PATH_INFO'] == '/health':
        with open(os.environ['STATUS']) as file:
            statuses = file.read().split()
        status = statuses[min(len(asked), len(statuses) - 1)]
        asked.append('%s%s?%s %s' % (environ['SCRIPT_NAME'], environ['PATH_INFO'], environ['QUERY_STRING'], environ['HTTP_HOST']))
        if status == '0':
            raise RuntimeError('no database')
        start_response(status + ' X', [])
        return [b'not for anybody']
    start_response('200 OK', [])
    return ['\n'.join(asked).encode()]
