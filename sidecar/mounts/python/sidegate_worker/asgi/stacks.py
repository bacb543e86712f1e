"""What a worker does at a moment: its threads, and where the tasks of the loop wait."""
import asyncio
import sys
import threading
import time
import traceback

from ..native import native_ident
from ..traces import OWN
from .call import calls_of

# The calls and tasks that are shown, and the characters of one stack.
SHOWN_MAX = 100
STACK_MAX = 16 * 1024


def stacks(link):
    """Each thread but this one, then the calls of the app, the oldest first, then other tasks; and the name of the request whose code runs."""
    own = native_ident()
    names = {ident: thread.name for ident, thread in list(getattr(threading, '_active', {}).items())}
    busy = asyncio.current_task(link.loop)
    running = call_of(link, busy)
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident == own:
            continue
        name = 'event loop' if ident == link.thread else names.get(ident, 'thread %d' % ident)
        if ident == link.thread and running is not None:
            name += ', which runs %s' % running
        text = shown([(frame.f_code, line) for frame, line in reversed(list(traceback.walk_stack(frame)))])
        parts.append('%s:\n%s' % (name, text or ('  waits' if ident == link.thread else '  is not in code of the app')))
    now = time.monotonic()
    tasks = {call: call.task for call in sorted(list(link.running), key=lambda call: call.began)}
    # One that is over meanwhile has none.
    calls = [call for call in tasks if tasks[call] is not None]
    for call in calls[:SHOWN_MAX]:
        if call is not running:
            parts.append('%s, for %.1f s:\n%s' % (call, now - call.began, waits(tasks[call])))
    if len(calls) > SHOWN_MAX:
        parts.append('and %d more' % (len(calls) - SHOWN_MAX))
    known = set(tasks.values())
    others = [task for task in asyncio.all_tasks(link.loop) if task not in known and task is not busy and is_of_app(task)]
    for task in others[:SHOWN_MAX]:
        call = calls_of(task)
        parts.append('task %s%s:\n%s' % (task.get_name(), ', of %s' % call if call else '', waits(task)))
    return '\n'.join(parts), running and running.name


def call_of(link, task):
    """The call that a task runs for, as far as that can be told."""
    if task is None:
        return None
    return next((call for call in list(link.running) if call.task is task), None) or calls_of(task)


def chain(coroutine):
    """Where a coroutine waits: its frame, and those of what it waits for."""
    found = []
    while coroutine is not None and len(found) < SHOWN_MAX:
        for frame, awaited in (('cr_frame', 'cr_await'), ('gi_frame', 'gi_yieldfrom'), ('ag_frame', 'ag_await')):
            if hasattr(coroutine, frame):
                if getattr(coroutine, frame) is not None:
                    found.append((getattr(coroutine, frame).f_code, getattr(coroutine, frame).f_lineno))
                coroutine = getattr(coroutine, awaited)
                break
        else:
            return found
    return found


def is_of_app(task):
    code = getattr(task.get_coro(), 'cr_code', None)
    return code is None or not code.co_filename.startswith(OWN)


def waits(task):
    return shown(chain(task.get_coro())) or '  waits for the client'


def shown(entries):
    """Lines of code, without those of this package: what is around its first has started the loop."""
    own = [number for number, (code, _) in enumerate(entries) if code.co_filename.startswith(OWN)]
    entries = [entry for number, entry in enumerate(entries) if not own or number > own[0] and number not in own]
    frames = [traceback.FrameSummary(code.co_filename, line, code.co_name) for code, line in entries]
    return ''.join(traceback.format_list(frames)).rstrip('\n')[-STACK_MAX:]
