def load():
    raise RuntimeError('the database is not there')


load()
