"""Windows: what the app starts ends with the worker, however it ends, unless it was started to break away."""
import ctypes
from ctypes import wintypes

EXTENDED_LIMITS = 9
BREAKAWAY_OK = 0x800
KILL_ON_JOB_CLOSE = 0x2000


class BasicLimits(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION"""

    _fields_ = [
        ('process_time', wintypes.LARGE_INTEGER),
        ('job_time', wintypes.LARGE_INTEGER),
        ('flags', wintypes.DWORD),
        ('working_set_least', ctypes.c_size_t),
        ('working_set_most', ctypes.c_size_t),
        ('processes', wintypes.DWORD),
        ('affinity', ctypes.c_size_t),
        ('priority', wintypes.DWORD),
        ('scheduling', wintypes.DWORD),
    ]


class ExtendedLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION"""

    _fields_ = [
        ('basic', BasicLimits),
        ('counters', ctypes.c_ulonglong * 6),
        ('memory', ctypes.c_size_t * 4),
    ]


def hold_children():
    """Puts this process into a job that only it has open: the system ends all of it when that is closed, which is with this process."""
    kernel = ctypes.WinDLL('kernel32')
    kernel.CreateJobObjectW.restype = wintypes.HANDLE
    kernel.GetCurrentProcess.restype = wintypes.HANDLE
    job = wintypes.HANDLE(kernel.CreateJobObjectW(None, None))
    limits = ExtendedLimits()
    limits.basic.flags = KILL_ON_JOB_CLOSE | BREAKAWAY_OK
    if kernel.SetInformationJobObject(job, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits)):
        kernel.AssignProcessToJobObject(job, wintypes.HANDLE(kernel.GetCurrentProcess()))
