"""Runs one WSGI app (PEP 3333) for Sidegate: a FastCGI responder on sockets inherited from the gateway.

The file descriptors 3 to 2 + threads are the connections, one a thread, one request at a time on each (connection.py); the descriptor after
them is the control channel (control.py). On Windows each of them is two pipes (channels.py). When the connections end, the worker ends: a
gateway that is gone leaves no worker behind.

Beside each connection there is a pipe that the gateway opens too, if it can (pipes.py). Each request is begun by reading a slot of it
(slots.py), and the gateway reads what it wants back: nobody else has that request then. A slot holds the request itself when it has no
body; the others, and all when there is no pipe, come by the connection.

A request that is answered with one list costs one read and one sendall (request.py). FastCGI's STDERR stream carries JSON lines, what the app
printed during the request and what went wrong in it (output.py); the rest of the output goes to the pipes 1 and 2.

asgi/ runs ASGI apps instead, in its own way.

Standard library only, Python 3.8 and newer. ../worker.py starts it, and says how.
"""
