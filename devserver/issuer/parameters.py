"""The parameters of a request to an endpoint that takes GET and POST."""

from urllib.parse import urlencode

from flask import request
from werkzeug.datastructures import ImmutableMultiDict


def read_parameters_once() -> None:
    """Let `request.values` hold the query of a GET, or the form of a POST.

    A POST has its parameters in the form (OpenID Connect Core §3.1.2.1, §13.2). With those of the
    query too, two readers could use different values of one parameter.
    """
    if request.method == "POST":
        request.args = ImmutableMultiDict()


def query_of_parameters() -> str:
    """Return the parameters as a query."""
    return urlencode(list(request.values.items(multi=True)))
