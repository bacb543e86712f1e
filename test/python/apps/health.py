"""A health check that answers with the statuses in the file STATUS one after the other, the last one again and again; 0: it raises.
Each takes CLOSES seconds to end when it is answered."""
import os
import time

asked = []


class Answer:
    def __iter__(self):
        return iter([b'not for anybody'])

    def close(self):
        time.sleep(float(os.environ.get('CLOSES', 0)))


def application(environ, start_response):
    if environ['PATH_INFO'] == '/health':
        with open(os.environ['STATUS']) as file:
            statuses = file.read().split()
        status = statuses[min(len(asked), len(statuses) - 1)]
        asked.append('%s%s?%s %s' % (environ['SCRIPT_NAME'], environ['PATH_INFO'], environ['QUERY_STRING'], environ['HTTP_HOST']))
        if status == '0':
            raise RuntimeError('no database')
        # The response is complete with its last byte, and the request ends later.
        start_response(status + ' X', [('Content-Length', '15')])
        return Answer()
    start_response('200 OK', [])
    return ['\n'.join(asked).encode()]
