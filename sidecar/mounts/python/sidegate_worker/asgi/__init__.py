"""Runs one ASGI app (ASGI 3.0) for Sidegate: many requests and WebSockets at a time, in one event loop.

Descriptor 3 is the one connection to the gateway, which carries frames (frames.py, link.py); the one behind it is the control channel, as of
the workers of WSGI apps. On Windows each of them is two pipes. When the connection ends, the worker ends.

Nothing of HTTP or of WebSockets is parsed here: the gateway has done that. A request comes as its variables, of which the scope is made
(scope.py), and what the app sends goes back as heads, pieces and messages (http.py, websocket.py), by credits both ways.

The event loop is uvloop's where the app's environment has it. Otherwise standard library only, Python 3.8 and newer.
"""
