"""Stands for uvloop in an environment that has it."""
import asyncio


def new_event_loop():
    print('the loop of uvloop')
    return asyncio.new_event_loop()
