from flask import Flask, request

app = Flask(__name__)


@app.post('/size')
def size():
    return str(len(request.get_data()))


@app.get('/broken')
def broken():
    raise ValueError('broken view')
