"""The code around every route: the guard before it; errors, CORS and the log line after it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext

from blog.dynamodb.deadline import deadline
from blog.errors import (
    BadRequest,
    Problem,
)
from blog.http.headers import SECURITY_HEADERS
from blog.http.request_guard import normalized_event
from blog.http.request_log import RequestLine
from blog.http.responses import as_problem, problem_body, problem_headers
from blog.identifiers import author_id
from blog.people.permissions import require_write_permission
from blog.people.person import Person
from blog.settings import AuthorSettings, BlogSettings
from blog_auth.errors import NotAuthenticated
from blog_auth.identity import Identity

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Route
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

EXPOSED_HEADERS = "ETag, Location, Retry-After, WWW-Authenticate"

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def resolver() -> APIGatewayRestResolver:
    """Return a resolver that validates requests; routes return text, not models."""
    app = APIGatewayRestResolver(enable_validation=True)
    app.use(middlewares=[_refuse_unknown_parameters])
    return app


def _refuse_unknown_parameters(
    app: APIGatewayRestResolver, next_middleware: "NextMiddleware"
) -> Response[Any]:
    """Raise BadRequest for a query parameter that the route does not declare.

    A cache keeps one response for each query. So a parameter without a meaning would make it call
    the API again.
    """
    route: Route = app.context["_route"]
    query = app.current_event.resolved_query_string_parameters
    declared = {parameter.alias for parameter in route.dependant.query_params} if query else set()
    is_known = route.summary is not None  # the resolver's own route for unknown paths has none
    if is_known and not declared.issuperset(query):
        has = ", ".join(sorted(declared)) or "none"
        raise BadRequest(f"The query has an unknown parameter. This route knows: {has}.")
    return next_middleware(app)


def lambda_handler(
    app: APIGatewayRestResolver, settings: BlogSettings, *, authenticated: bool
) -> Handler:
    """Build the Lambda handler of a function's routes.

    With `authenticated`, a request without an identity gets 401 before any route runs, and routes
    call `identity(app)`. The order of refusals is 401, 413, 415, 400, then those of the routes.
    """

    def refuse(error: Exception) -> Response[str]:
        line: RequestLine = app.context["line"]
        problem = _logged_problem(error, line)
        body = problem_body(problem, line.ids["correlation_id"])
        return Response(problem.status, body=body, headers=problem_headers(problem))

    app.exception_handler(Exception)(refuse)

    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        line = RequestLine(event, context)
        try:
            app.context["line"] = line
            if authenticated:
                app.context["identity"] = Identity.from_event(event)
            with deadline.request_scope:
                response = app.resolve(normalized_event(event), context)
        except (Problem, NotAuthenticated) as e:
            app.context.clear()
            response = _proxy_response(_logged_problem(e, line), line.ids["correlation_id"])
        # The response to HEAD keeps its body. API Gateway drops it, and sends the length of GET's.
        # Source: github.com/DataBiosphere/azul/issues/6514
        response["multiValueHeaders"] |= SECURITY_HEADERS | {
            "Access-Control-Allow-Origin": [settings.allowed_origin],
            "Access-Control-Expose-Headers": [EXPOSED_HEADERS],
        }
        line.write(int(response["statusCode"]))
        return response

    return handler


def identity(app: APIGatewayRestResolver) -> Identity:
    """Return the caller's identity; only for routes of an authenticated handler."""
    current: Identity = app.context["identity"]
    return current


def person(app: APIGatewayRestResolver, settings: AuthorSettings) -> Person:
    """Return the caller with the author id; only for routes of an authenticated handler."""
    sub = identity(app).sub
    return Person(sub, author_id(sub, settings.author_id_key))


def require_writer(app: APIGatewayRestResolver, settings: AuthorSettings) -> Person:
    """Return the caller; raise InsufficientScope for a machine without the permission to write."""
    require_write_permission(identity(app))
    return person(app, settings)


def request_path(app: APIGatewayRestResolver) -> str:
    """Return the current request's path, with the stage if there is one, without a final slash."""
    return app.current_event.request_context.path.rstrip("/")


def _proxy_response(problem: Problem, request_id: str) -> dict[str, Any]:
    headers = {name: [value] for name, value in problem_headers(problem).items()}
    return {
        "statusCode": problem.status,
        "multiValueHeaders": headers,
        "body": problem_body(problem, request_id),
        "isBase64Encoded": False,
    }


def _logged_problem(error: Exception, line: RequestLine) -> Problem:
    """Turn an error into a problem, and note it in the request's line."""
    problem = as_problem(error)
    line.refuse(problem, error)
    return problem
