"""`make bench`: times are of this machine at this moment; what counts are the ratios."""

import sys

from tests.performance import app, authorizer, devserver, posts
from tests.performance.figures import Figures

if __name__ == "__main__":
    figures = Figures()
    print("Posts: what a request reads, with few posts and with many (exact, not timed)")
    posts.measure_pages(figures)
    print("Posts: rendering (ratios to prose of the same size)")
    posts.measure_rendering(figures)
    print("The authorizer, warm (microseconds, and ratios to one raw RSA verification)")
    authorizer.measure_warm(figures)
    print("The authorizer, cold (milliseconds from process start to first answer)")
    authorizer.measure_cold(figures)
    print("The devserver (milliseconds of a warm request)")
    devserver.measure(figures)
    print("The app in a browser, a visitor's first view (kilobytes, milliseconds)")
    app.measure(figures)
    sys.exit(int(figures.save() > 0))
