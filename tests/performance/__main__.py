"""`make bench`: times are of this machine at this moment; what counts are the ratios."""

import sys

from tests.performance import authorizer, devserver
from tests.performance.figures import Figures

if __name__ == "__main__":
    figures = Figures()
    print("The authorizer, warm (microseconds, and ratios to one raw RSA verification)")
    authorizer.measure_warm(figures)
    print("The authorizer, cold (milliseconds from process start to first answer)")
    authorizer.measure_cold(figures)
    print("The devserver (milliseconds of a warm request)")
    devserver.measure(figures)
    sys.exit(int(figures.save() > 0))
