"""Shortens cold starts. Each function imports this module first, and calls `end()` last.

The import comes first because it configures Python and pydantic for all later imports.
"""

import gc
import os

from pydantic import BaseModel

gc.disable()  # imports create many objects but no garbage, so collections would be wasted time
# No pydantic plugins are installed; looking for them reads the metadata of every package.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
# Build each model at its first use. About 90 models are imported; a request uses two or three. Most
# of them are OpenAPI models, which Powertools needs only for the OpenAPI document.
BaseModel.model_config["defer_build"] = True


def end() -> None:
    """Turn garbage collection on again, and exclude everything imported so far from it."""
    gc.freeze()
    gc.enable()
