"""Read template.yaml as AWS does: transform it with SAM's own code, and resolve it.

Routes, authorizer, CORS, gateway responses, environment variables and tables come only from here.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from devserver.template.intrinsics import Resolver
from devserver.template.rights import Rights, rights_of
from devserver.template.sam import transformed

_FUNCTION = re.compile(r":function:([A-Za-z0-9]+)(?::[A-Za-z0-9]+)?(?:/invocations)?\Z")
_RUN_HERE = (
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::DynamoDB::Table",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::Lambda::Function",
    "AWS::Lambda::LayerVersion",
    "AWS::S3::Bucket",
)


@dataclass(frozen=True)
class Function:
    """A Lambda function: where its code is, and how it runs. Both timeouts are in seconds."""

    name: str
    code: Path
    handler: str
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    timeout: float
    memory: int
    init_timeout: float = 10.0


@dataclass(frozen=True)
class Authorizer:
    """A REQUEST authorizer with one header as its identity source."""

    name: str
    function: str
    header: str
    result_ttl: float


@dataclass(frozen=True)
class Route:
    """A method on a resource: a function, or the fixed headers of a mock integration."""

    method: str
    resource: str
    function: str | None
    authorizer: Authorizer | None
    mock_headers: Mapping[str, str]


@dataclass(frozen=True)
class GatewayResponse:
    """The form of API Gateway's own response of one type."""

    status: int | None
    headers: Mapping[str, str]
    template: str | None


@dataclass(frozen=True)
class Schedule:
    """A function that runs at a fixed interval, in seconds."""

    function: str
    seconds: float


@dataclass(frozen=True)
class Subscription:
    """A function that runs for each event that matches a pattern of EventBridge."""

    function: str
    pattern: Mapping[str, Any]


@dataclass(frozen=True)
class Bucket:
    """A bucket with the origin whose pages may use it and the allowed methods, if any may."""

    name: str
    cors: tuple[str, tuple[str, ...]] | None


@dataclass(frozen=True)
class Deployment:
    """Everything in the template that the local stack runs."""

    stage: str
    routes: tuple[Route, ...]
    functions: Mapping[str, Function]
    gateway_responses: Mapping[str, GatewayResponse]
    tables: Mapping[str, Mapping[str, Any]]
    buckets: tuple[Bucket, ...]
    schedules: tuple[Schedule, ...]
    subscriptions: tuple[Subscription, ...]
    rights: Rights


def read_deployment(template: Path, parameters: Mapping[str, str]) -> Deployment:
    """Return the deployment that a SAM template describes with these parameters.

    Raises TemplateError if the template contains something that cannot be resolved here.
    """
    resources = _resolved_resources(template, parameters)
    (api,) = resources["AWS::ApiGateway::RestApi"].values()
    (stage,) = resources["AWS::ApiGateway::Stage"].values()
    functions = resources["AWS::Lambda::Function"]
    rules = resources["AWS::Events::Rule"].values()
    return Deployment(
        stage=stage["StageName"],
        routes=tuple(_routes(api["Body"])),
        functions=_functions(template.parent, functions, resources["AWS::Lambda::LayerVersion"]),
        gateway_responses=_gateway_responses(api["Body"]),
        tables=resources["AWS::DynamoDB::Table"],
        buckets=tuple(_buckets(resources["AWS::S3::Bucket"])),
        schedules=tuple(_schedule(rule) for rule in rules if "ScheduleExpression" in rule),
        subscriptions=tuple(
            Subscription(_target_function(rule), rule["EventPattern"])
            for rule in rules
            if "EventPattern" in rule
        ),
        rights=rights_of(
            functions, resources["AWS::IAM::Role"], resources["AWS::IAM::ManagedPolicy"]
        ),
    )


def _resolved_resources(
    template: Path, parameters: Mapping[str, str]
) -> Mapping[str, dict[str, dict[str, Any]]]:
    """Return the resolved properties of all resources that run here, by type and logical id."""
    document = transformed(template, {})  # the resolver has the values
    resolver = Resolver(document, parameters)
    resources: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for name, resource in document["Resources"].items():
        kind = resource["Type"]
        if kind in _RUN_HERE and resolver.holds(resource.get("Condition")):
            resources[kind][name] = resolver.resolve(resource.get("Properties", {}))
    return resources


def without_timeouts(deployment: Deployment, seconds: float) -> Deployment:
    """Return the deployment with this many seconds for every function, for debugging."""
    functions = {
        name: replace(function, timeout=seconds, init_timeout=seconds)
        for name, function in deployment.functions.items()
    }
    return replace(deployment, functions=functions)


def _functions(
    root: Path, functions: Mapping[str, Any], layers: Mapping[str, Any]
) -> dict[str, Function]:
    folders = {name: root / layer["Content"]["S3Key"] for name, layer in layers.items()}
    return {
        name: _function(name, properties, root, folders) for name, properties in functions.items()
    }


def _function(
    name: str, properties: Mapping[str, Any], root: Path, layers: Mapping[str, Path]
) -> Function:
    variables = properties.get("Environment", {}).get("Variables", {})
    return Function(
        name=name,
        code=root / properties["Code"]["S3Key"],
        handler=properties["Handler"],
        layers=tuple(layers[layer] for layer in properties.get("Layers", [])),
        environment={key: str(value) for key, value in variables.items()},
        timeout=float(properties.get("Timeout", 3)),
        memory=int(properties.get("MemorySize", 128)),
    )


def _schedule(rule: Mapping[str, Any]) -> Schedule:
    expression = re.fullmatch(r"rate\((\d+) (minute|hour)s?\)", rule["ScheduleExpression"])
    if expression is None:
        raise ValueError(f"the dev server supports rates of minutes and hours, not {rule}")
    seconds = int(expression[1]) * {"minute": 60, "hour": 3600}[expression[2]]
    return Schedule(_target_function(rule), seconds)


def _target_function(rule: Mapping[str, Any]) -> str:
    (target,) = rule["Targets"]
    return _function_name(target["Arn"])


def _buckets(buckets: Mapping[str, Any]) -> Iterator[Bucket]:
    for name, properties in buckets.items():
        cors = None
        if "CorsConfiguration" in properties:
            (rule,) = properties["CorsConfiguration"]["CorsRules"]
            (origin,) = rule["AllowedOrigins"]
            cors = origin, tuple(rule["AllowedMethods"])
        yield Bucket(name, cors)


def _routes(body: Mapping[str, Any]) -> list[Route]:
    schemes = body.get("components", {}).get("securitySchemes", {})
    authorizers = {
        name: _authorizer(name, scheme["x-amazon-apigateway-authorizer"])
        for name, scheme in schemes.items()
    }
    return [
        _route(method.upper(), resource, operation, authorizers)
        for resource, operations in body["paths"].items()
        for method, operation in operations.items()
    ]


def _authorizer(name: str, description: Mapping[str, Any]) -> Authorizer:
    prefix = "method.request.header."
    source = description["identitySource"]
    if description["type"] != "request" or not source.startswith(prefix) or "," in source:
        raise ValueError(f"the dev server supports REQUEST authorizers with one header, not {name}")
    return Authorizer(
        name=name,
        function=_function_name(description["authorizerUri"]),
        header=source.removeprefix(prefix).lower(),
        result_ttl=float(description["authorizerResultTtlInSeconds"]),
    )


def _route(
    method: str,
    resource: str,
    operation: Mapping[str, Any],
    authorizers: Mapping[str, Authorizer],
) -> Route:
    integration = operation["x-amazon-apigateway-integration"]
    required = [authorizers.get(name) for one in operation.get("security", []) for name in one]
    is_mock = integration["type"] == "mock"
    return Route(
        method=method,
        resource=resource,
        function=None if is_mock else _function_name(integration["uri"]),
        authorizer=next(filter(None, required), None),
        mock_headers=_mock_headers(integration) if is_mock else {},
    )


def _function_name(arn: str) -> str:
    """Return the name of the function in an ARN, without its alias."""
    match = _FUNCTION.search(arn)
    if match is None:
        raise ValueError(f"{arn} names no function")
    return match[1]


def _mock_headers(integration: Mapping[str, Any]) -> dict[str, str]:
    prefix = "method.response.header."
    parameters = integration["responses"]["default"]["responseParameters"]
    return {
        name.removeprefix(prefix): value.strip("'")
        for name, value in parameters.items()
        if name.startswith(prefix)
    }


def _gateway_responses(body: Mapping[str, Any]) -> dict[str, GatewayResponse]:
    prefix = "gatewayresponse.header."
    return {
        name: GatewayResponse(
            status=int(response["statusCode"]) if "statusCode" in response else None,
            headers={
                header.removeprefix(prefix): value.strip("'")
                for header, value in response.get("responseParameters", {}).items()
            },
            template=response.get("responseTemplates", {}).get("application/json"),
        )
        for name, response in body.get("x-amazon-apigateway-gateway-responses", {}).items()
    }
