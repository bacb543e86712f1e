"""What a worker is told on its command line."""


def options(arguments):
    """TARGET and NAME=VALUE, as ../worker.py says."""
    found = {'target': arguments[0], 'threads': 1, 'processes': 1, 'stop': 30.0, 'gateway': 0, 'sources': 0, 'prefix': 0, 'path': [], 'wrap': [],
             'requests': 1000, 'abort': 60.0, 'loop': 'auto', 'lifespan': 'auto', 'interface': 'wsgi'}
    for argument in arguments[1:]:
        name, _, value = argument.partition('=')
        if type(found[name]) is list:
            found[name].append(value)
        else:
            found[name] = type(found[name])(value)
    return found
