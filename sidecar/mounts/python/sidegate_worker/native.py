"""The system's own, whatever an app puts in their place (gevent, eventlet): what waits for the gateway does so as ever."""
import _thread
import os
import time

native_read = os.read
native_write = os.write
native_sleep = time.sleep
native_lock = _thread.allocate_lock
native_ident = _thread.get_ident
start_native_thread = _thread.start_new_thread
