import os
import sys

path = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, path)

from uliweb.manage import make_simple_application  # noqa: E402

application = make_simple_application(project_dir=path)
