"""`make bench`: times belong to this machine at this time; the ratios are what counts.

ARGS selects parts: `make bench ARGS="scale load"`.
"""

import sys

from tests.performance import (
    app,
    authorizer,
    baseline,
    cold,
    devserver,
    images,
    load,
    rendering,
    scale,
)
from tests.performance.figures import Figures

PARTS = {
    "rendering": ("rendering posts (ratios to prose of the same size)", rendering.measure),
    "images": ("rewriting images (ratios to decoding the same file with Pillow)", images.measure),
    "warm": (
        "the authorizer, warm (microseconds, and ratios to one raw RSA verification)",
        authorizer.measure,
    ),
    "cold": ("cold starts (milliseconds from process start to first response)", cold.measure),
    "devserver": ("the devserver (milliseconds of a warm request)", devserver.measure),
    "app": ("the app, a visitor's first view (kilobytes, milliseconds)", app.measure),
    "scale": ("each route, on small and large blogs (units, bytes, milliseconds)", scale.measure),
    "load": ("one, ten and a hundred clients at once (milliseconds)", load.measure),
    "baseline": ("a tutorial's blog and this one, side by side (units)", baseline.measure),
}

if __name__ == "__main__":
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - PARTS.keys():
        sys.exit(f"make bench: no such part: {', '.join(sorted(unknown))}; there are {[*PARTS]}")
    figures = Figures()
    for name in chosen:
        title, measure = PARTS[name]
        print(f"{name}: {title}", flush=True)
        measure(figures)
    sys.exit(int(figures.save() > 0))
