"""What surrounds every route: the guard in front, errors, CORS and one log line behind."""

import logging
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.dynamodb.deadline import deadline
from blog.errors import InternalError, Problem, traceback_frames
from blog.http.request_guard import normalized_event
from blog.http.request_log import RequestLine
from blog.http.responses import as_problem, problem_body, problem_headers
from blog.identifiers import author_id
from blog.people.permissions import require_write_permission
from blog.people.person import Person
from blog.settings import AuthorSettings, BlogSettings
from blog_auth.errors import NotAuthenticated
from blog_auth.identity import Identity

EXPOSED_HEADERS = "ETag, Location, Retry-After, WWW-Authenticate"

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

logger = Logger(use_rfc3339=True, utc=True)


def resolver() -> APIGatewayRestResolver:
    """A resolver that validates what is asked; what is answered is text already."""
    return APIGatewayRestResolver(enable_validation=True)


def lambda_handler(
    app: APIGatewayRestResolver, settings: BlogSettings, *, authenticated: bool
) -> Handler:
    """The Lambda handler of a function's routes.

    With `authenticated`, nothing is resolved for a request without an identity, and routes find
    theirs by `identity(app)`. Refusals come in the contract's order: 401, 413, 415, 400, then
    what the routes themselves refuse.
    """

    def refuse(error: Exception) -> Response[str]:
        line: RequestLine = app.context["line"]
        problem = _explained(error, line)
        body = problem_body(problem, line.ids["correlation_id"])
        return Response(problem.status, body=body, headers=problem_headers(problem))

    app.exception_handler(Exception)(refuse)

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        line = RequestLine(event, context)
        try:
            app.context["line"] = line
            if authenticated:
                app.context["identity"] = Identity.from_event(event)
            with deadline.request_scope():
                answer = app.resolve(normalized_event(event), context)
        except (Problem, NotAuthenticated) as e:
            app.context.clear()
            answer = _proxy_answer(_explained(e, line), line.ids["correlation_id"])
        if event["httpMethod"] == "HEAD":
            answer["body"] = ""
        answer["multiValueHeaders"] |= {
            "Access-Control-Allow-Origin": [settings.allowed_origin],
            "Access-Control-Expose-Headers": [EXPOSED_HEADERS],
        }
        if logger.log_level <= logging.INFO:
            line.write(int(answer["statusCode"]))
        return answer

    return handler


def identity(app: APIGatewayRestResolver) -> Identity:
    """Who makes the current request; only for routes of an authenticated handler."""
    current: Identity = app.context["identity"]
    return current


def person(app: APIGatewayRestResolver, settings: AuthorSettings) -> Person:
    """The same with their public name."""
    sub = identity(app).sub
    return Person(sub, author_id(sub, settings.author_id_key))


def require_writer(app: APIGatewayRestResolver, settings: AuthorSettings) -> Person:
    """The same, if they may write; raises InsufficientScope for a machine that may not."""
    require_write_permission(identity(app))
    return person(app, settings)


def _proxy_answer(problem: Problem, request_id: str) -> dict[str, Any]:
    headers = {name: [value] for name, value in problem_headers(problem).items()}
    return {
        "statusCode": problem.status,
        "multiValueHeaders": headers,
        "body": problem_body(problem, request_id),
        "isBase64Encoded": False,
    }


def _explained(error: Exception, line: RequestLine) -> Problem:
    """The problem that an error means, for the request's line, too; faults of ours are logged."""
    problem = as_problem(error)
    line.refusal = type(problem).__name__
    if isinstance(problem, InternalError):
        fault = {"error": type(error).__qualname__, "where": traceback_frames(error)}
        logger.error("unexpected error", extra={**line.ids, **fault})
    return problem
