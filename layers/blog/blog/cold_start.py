"""What makes a cold start short: the first import of each function, whose last line is `end()`.

It is first because of what it tells Python and pydantic about all imports after it.
"""

import gc
import os

from pydantic import BaseModel

gc.disable()  # importing makes many objects and no garbage: the collector would only look at them
# Nobody's are installed, and to look for them is to read the metadata of all that is.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Each model is built when it is first used. Some ninety are imported, most of them OpenAPI's, which
# Powertools needs for the document alone; a request uses two or three.
BaseModel.model_config["defer_build"] = True


def end() -> None:
    """From here on, collect garbage; never again look at what was imported."""
    gc.freeze()
    gc.enable()
