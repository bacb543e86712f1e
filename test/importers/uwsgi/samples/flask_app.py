from flask import Flask, Response, jsonify, request

app = Flask(__name__)


@app.get('/')
def hello():
    return 'Hello from Flask\n'


@app.get('/path/<path:rest>')
def path(rest):
    return jsonify(rest=rest, url=request.url, root=request.root_path, args=request.args)


@app.post('/form')
def form():
    return jsonify(form=request.form, files={name: len(f.read()) for name, f in request.files.items()})


@app.post('/size')
def size():
    return str(len(request.get_data()))


@app.get('/stream')
def stream():
    return Response((b'%d\n' % number for number in range(5)), mimetype='text/plain')


@app.get('/broken')
def broken():
    raise ValueError('broken view')
