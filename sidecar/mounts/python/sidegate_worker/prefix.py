"""For apps that know their prefix, and want to see it."""


def at_root(app):
    """The app with the whole path in PATH_INFO, and an empty SCRIPT_NAME."""
    def kept(environ, start_response):
        environ['PATH_INFO'] = environ.get('SCRIPT_NAME', '') + environ.get('PATH_INFO', '')
        environ['SCRIPT_NAME'] = ''
        return app(environ, start_response)
    return kept
