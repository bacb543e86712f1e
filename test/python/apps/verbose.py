raise RuntimeError('no database ' + 'x' * 5000000)
