# The same in WSGI. By HTTP a server cannot be told of a prefix but by X-Forwarded-Prefix.
def application(environ, start_response):
    if environ["PATH_INFO"] == "/raise":
        raise ValueError("no luck")
    size = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(size)
    names = ("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")
    found = [environ.get(name, "") for name in names]
    found[1] = found[1] or environ.get("HTTP_X_FORWARDED_PREFIX", "")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["|".join(found).encode("latin-1") + b"|" + body]
