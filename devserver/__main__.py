"""Run the local stack: `make dev`. One Ctrl-C ends all of it."""

import sys

from devserver.settings import LocalStackSettings, StartupError
from devserver.signals import treat_sigterm_as_interrupt


def main() -> int:
    """Start the stack and serve until Ctrl-C. Return the exit code."""
    treat_sigterm_as_interrupt()
    try:
        settings = LocalStackSettings.from_environment()
        # A wrong variable and a taken port are errors at once, before imports that take seconds.
        settings.check_ports()
        from devserver.local_stack import serve  # noqa: PLC0415 - slow

        serve(settings)
    except StartupError as e:
        print(f"make dev: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
