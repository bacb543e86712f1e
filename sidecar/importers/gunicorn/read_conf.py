"""Runs a configuration of gunicorn, as gunicorn does it, and says what it sets: a line of JSON on standard output.

Its one argument is JSON: "file" or "module", "names" (those of the settings), and "args" (GUNICORN_CMD_ARGS, to be cut into words). What the
configuration prints goes to standard error. Python 3.6 and newer.
"""

import ast
import codecs
import importlib
import importlib.machinery
import importlib.util
import json
import os
import shlex
import sys
import traceback


def main():
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked = json.loads(sys.argv[1])
    sys.path[0] = os.getcwd()
    sys.dont_write_bytecode = True
    result = {"settings": [], "others": [], "args": [], "error": None}
    try:
        result["args"] = shlex.split(asked["args"] or "")
    except ValueError as error:
        result["error"] = {"args": True, "text": str(error), "line": 0}
    if result["error"] is None and (asked["file"] or asked["module"]):
        read(asked, result)
    json.dump(result, answer)
    answer.close()


def read(asked, result):
    executed = set()
    path = asked["file"]
    try:
        if asked["module"]:
            path = importlib.util.find_spec(asked["module"]).origin
        sys.settrace(tracer(path, executed))
        try:
            module = load(asked)
        finally:
            sys.settrace(None)
    except BaseException as error:
        result["error"] = described(error, path)
        return
    places = assignments(path, executed)
    for name, value in vars(module).items():
        line, source, literal = places.get(name, (0, "", False))
        if name in asked["names"]:
            entry = {"name": name, "line": line, "source": source, "literal": literal, "value": plain(value)}
            result["settings"].append(entry)
        elif line and not name.startswith("_") and is_data(value):
            result["others"].append({"name": name, "line": line})


def load(asked):
    """As gunicorn.app.base has it."""
    if asked["module"]:
        return importlib.import_module(asked["module"])
    path = asked["file"]
    loader = None
    if os.path.splitext(path)[1] not in (".py", ".pyc"):
        loader = importlib.machinery.SourceFileLoader("__config__", path)
    spec = importlib.util.spec_from_file_location("__config__", path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules["__config__"] = module
    spec.loader.exec_module(module)
    return module


def tracer(path, executed):
    def local(frame, event, _):
        executed.add(frame.f_lineno)
        return local

    def trace(frame, event, _):
        code = frame.f_code
        return local if code.co_name == "<module>" and code.co_filename == path else None

    return trace


def assignments(path, executed):
    """Where each name got the value that it has: by name, the line, its text, and whether a value is written there."""
    with open(path, "rb") as file:
        text = file.read()
    if text.startswith(codecs.BOM_UTF8):
        text = text[len(codecs.BOM_UTF8) :]
    lines = text.splitlines()
    places = {}

    def note(name, node):
        if executed and node.lineno not in executed:
            return
        value = getattr(node, "value", None)
        places[name] = (node.lineno, source_of(node, lines), is_literal(value))

    def visit(node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                note(child.name, child)
                continue
            if isinstance(child, ast.Assign):
                for target in child.targets:
                    for one in ast.walk(target):
                        if isinstance(one, ast.Name):
                            note(one.id, child)
            elif isinstance(child, (ast.AnnAssign, ast.AugAssign)) and isinstance(child.target, ast.Name):
                note(child.target.id, child)
            elif isinstance(child, (ast.Import, ast.ImportFrom)):
                for alias in child.names:
                    note(alias.asname or alias.name, child)
            visit(child)

    visit(ast.parse(text))
    return places


def source_of(node, lines):
    """Its own text, without what else is on its line: that may be a secret. Empty where it goes over several, and before Python 3.8."""
    if getattr(node, "end_lineno", 0) != node.lineno:
        return ""
    return lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode("utf-8", "replace")


def is_literal(node):
    try:
        ast.literal_eval(node)
        return True
    except (ValueError, TypeError, SyntaxError):
        return False


def is_data(value):
    return isinstance(value, (str, int, float, list, tuple, dict))


def plain(value):
    """As JSON has it; what is none by its name."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else {"$object": repr(value)}
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, os.PathLike):
        return plain(os.fspath(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if callable(value):
        name = getattr(value, "__qualname__", type(value).__qualname__)
        return {"$callable": "%s.%s" % (getattr(value, "__module__", ""), name)}
    return {"$object": type(value).__qualname__}


def described(error, path):
    line = 0
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno or 0
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == path:
            line = number
    what = traceback.format_exception_only(type(error), error)[-1].strip()
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    whole = "".join(traceback.format_exception(type(error), error, trace))
    return {"args": False, "text": what, "line": line, "traceback": whole}


main()
