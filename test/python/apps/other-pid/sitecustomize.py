"""Python imports this at its start. What it believes to be its process id is nobody's."""
import os

os.getpid = lambda: 2 ** 22 + 1
