import os

bind = ["unix:app.sock"]
wsgi_app = "shop:create()"
workers = int(os.environ.get("SHOP_WORKERS", "2"))
threads = 2
timeout = 60
graceful_timeout = 5
accesslog = "-"
loglevel = "warning"
raw_env = ["SCRIPT_NAME=/shop", "SHOP_SECRET=hidden"]
