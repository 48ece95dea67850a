"""Signals of the commands that run the local stack."""

import signal


def treat_sigterm_as_interrupt() -> None:
    """Let SIGTERM and SIGINT raise KeyboardInterrupt, so that all parts end in order."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)  # a shell's background job ignores it by default
