# The smallest Flask app.
from flask import Flask

application = Flask(__name__)


@application.get("/")
def hello():
    return "Hello World\n", 200, {"Content-Type": "text/plain"}
