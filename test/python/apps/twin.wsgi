from twin.web import application as inner


def application(environ, start_response):
    return [*inner(environ, start_response), b' beside ', __name__.encode()]
