"""Signals of the commands that run the local stack."""

import ctypes
import os
import signal
import sys
import threading

MAKE_PID = "DEVSERVER_MAKE_PID"  # set by the Makefile
# linux/ptrace.h and linux/wait.h
PTRACE_CONT, PTRACE_SEIZE, PTRACE_LISTEN = 7, 0x4206, 0x4208
PTRACE_EVENT_STOP = 128
WAIT_FOR_ALL = 0x40000000


def treat_sigterm_as_interrupt() -> None:
    """Let SIGTERM and SIGINT raise KeyboardInterrupt, so that all parts end in order."""

    def interrupt(*_: object) -> None:
        # Terminal, shell and make may each send one. A second one would interrupt the clean-up.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)  # a shell's background job ignores it by default
    _receive_sigint_of_make()


def _receive_sigint_of_make() -> None:
    """Let a SIGINT that only make gets end this process, on Linux.

    make passes SIGTERM to its recipe, but not SIGINT: it relies on the terminal, which sends SIGINT
    to both. If a script starts `make dev &`, make even ignores SIGINT (POSIX.1-2017, Shell Command
    Language §2.11). Only a tracer sees an ignored signal (ptrace(2)). Where a system does not allow
    a process to trace its parent, nothing changes, and SIGTERM works.
    """
    parent = os.getppid()
    # The variable is inherited, so a process further down must not trace its own parent.
    if sys.platform == "linux" and os.environ.get(MAKE_PID) == str(parent):
        threading.Thread(target=_trace, args=[parent], daemon=True).start()


def _trace(make: int) -> None:
    """Pass all signals on to make, and SIGINT also to this process, until make ends."""
    ptrace = ctypes.CDLL(None).ptrace
    ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    ptrace.restype = ctypes.c_long
    if ptrace(PTRACE_SEIZE, make, None, None) != 0:
        return
    while os.WIFSTOPPED(status := os.waitpid(make, WAIT_FOR_ALL)[1]):
        number = os.WSTOPSIG(status)
        if status >> 16 == PTRACE_EVENT_STOP:  # make stops (Ctrl-Z) or continues
            is_stop = number != signal.SIGTRAP
            ptrace(PTRACE_LISTEN if is_stop else PTRACE_CONT, make, None, None)
            continue
        if number == signal.SIGINT:
            # Not SIGINT: to the HTTP server, a second one means to cut the running requests.
            os.kill(os.getpid(), signal.SIGTERM)
        ptrace(PTRACE_CONT, make, None, number)
