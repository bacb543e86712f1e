bind = "unix:app.sock"
wsgi_app = "shop:app"
