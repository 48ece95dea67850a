"""What is logged of an exception that nobody expected: never its text, in which there may be
anybody's data."""

import traceback


def where(error: BaseException) -> list[str]:
    """The lines of code that it passed on its way."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
