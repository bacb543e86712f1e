import multiprocessing
import sys

print("reading the settings")
bind = ["unix:app.sock"]
backlog = 64
wsgi_app = "shop:app"
workers = min(2, multiprocessing.cpu_count() + 1)
worker_class = "sync"
wokers = 9
max_requests = 1000
max_requests_jitter = 50
timeout = 20
keepalive = 5
umask = 0o007
pythonpath = "lib"
forwarded_allow_ips = "*"
limit_request_line = 8000
preload_app = True
daemon = False
pidfile = None
if sys.version_info < (3, 0):
    loglevel = "debug"
else:
    loglevel = "error"
statsd_host = "127.0.0.1:8125"
errorlog = "-"


def post_fork(server, worker):
    pass


def on_starting(server):
    pass
