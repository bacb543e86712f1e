# What gunicorn and Sidegate are asked for in the tests: a Flask app that says what it was given.
import os

from flask import Flask, jsonify, redirect, request

app = Flask(__name__)


@app.route("/")
@app.route("/env/<path:path>")
def env(path=""):
    names = ["REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "wsgi.url_scheme", "HTTP_HOST", "HTTP_X_ONE"]
    seen = {name: request.environ.get(name) for name in names}
    return jsonify(seen, path, os.environ.get("SHOP_SECRET"))


@app.route("/post", methods=["POST"])
def post():
    return request.get_data(), 201, {"X-Length": request.headers.get("Content-Length", "none")}


@app.route("/away")
def away():
    return redirect("/env/here")


@app.route("/broken")
def broken():
    raise ValueError("on purpose")


def create():
    return app
