"""The guarantees of template.yaml: one error format, documented routes, and data that is retained.

test_roles.py tests the roles, test_operations.py the support for operators, and test_parameters.py
the parameters.
"""

import json
import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from devserver.settings import AUTHOR_ID_KEY
from devserver.template.deployment import Deployment, Schedule, read_deployment
from devserver.template.intrinsics import Resolver, TemplateError
from devserver.template.sam import transformed
from tests.support.openapi_document import DOCUMENT
from tests.support.samples import AUDIENCE, ROOT

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
PARAMETERS = {
    "Auth0Domain": "tenant.example.com",
    "Auth0Audience": AUDIENCE,
    "AuthorIdKey": "k" * 32,
    "AllowedOrigin": "https://blog.example.com",
}


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return read_deployment(ROOT / "template.yaml", PARAMETERS)


def test_a_resource_depends_only_on_resources_that_exist_whenever_it_does() -> None:
    # "any resources that depend on that resource aren't created either": AWS CloudFormation,
    # Template Reference, Condition attribute
    resources = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    for name, resource in resources.items():
        depends_on = resource.get("DependsOn", [])
        for other in [depends_on] if isinstance(depends_on, str) else depends_on:
            condition = resources[other].get("Condition")
            assert condition in (None, resource.get("Condition")), (name, other)


def test_the_stage_waits_for_the_role_of_the_access_log_if_the_stack_creates_it() -> None:
    resources = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    (stage,) = (one for one in resources.values() if one["Type"] == "AWS::ApiGateway::Stage")
    assert {"Ref": "ApiGatewayAccount"} in [
        value for tag in stage["Properties"]["Tags"] for value in tag["Value"].get("Fn::If", [])
    ]


@pytest.mark.parametrize(
    ("policy", "mode"),
    [
        (None, "STRICT"),
        ("SecurityPolicy_TLS13_1_3_2025_09", "STRICT"),
        ("SecurityPolicy_TLS13_1_2_2021_06", "STRICT"),
        ("TLS_1_2", None),
    ],
)
def test_the_tls_policy_is_the_newest_unless_a_parameter_names_another(
    policy: str | None, mode: str | None
) -> None:
    # docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
    newest = "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
    parameters = {**PARAMETERS, "ApiDomain": "api.example.com"}
    if policy:
        parameters["ApiTlsPolicy"] = policy
    document = transformed(ROOT / "template.yaml", parameters)
    resolver = Resolver(document, parameters)
    found = [
        resolver.resolve(one["Properties"])
        for one in document["Resources"].values()
        if one["Type"] in ("AWS::ApiGateway::RestApi", "AWS::ApiGateway::DomainName")
    ]
    assert len(found) == 2
    for properties in found:
        assert properties["SecurityPolicy"] == (policy or newest)
        assert properties.get("EndpointAccessMode") == mode


def test_viewers_of_the_site_get_the_newest_tls_policy() -> None:
    assert TEMPLATE["Parameters"]["SiteTlsPolicy"]["Default"] == "TLSv1.2_2025"
    certificate = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]["ViewerCertificate"]
    assert certificate["Fn::If"][1]["MinimumProtocolVersion"] == {"Ref": "SiteTlsPolicy"}


def test_only_the_authorizer_has_the_auth_layer_alone(deployment: Deployment) -> None:
    layers = {
        name: [layer.name for layer in function.layers]
        for name, function in deployment.functions.items()
    }
    assert layers == {
        "AuthorizerFunction": ["auth"],
        "PublicFunction": ["auth", "blog"],
        "PagesFunction": ["auth", "blog"],
        "PostsFunction": ["auth", "blog"],
        "AccountFunction": ["auth", "blog"],
        "CommentsFunction": ["auth", "blog"],
        "ReactionsFunction": ["auth", "blog"],
        "ModerationFunction": ["auth", "blog"],
        "MediaFunction": ["auth", "blog"],
        "InspectorFunction": ["auth", "blog", "images"],
        "PublisherFunction": ["auth", "blog"],
        "JobsFunction": ["auth", "blog"],
    }


def test_only_functions_that_write_get_the_author_id_key(deployment: Deployment) -> None:
    holders = {
        name
        for name, function in deployment.functions.items()
        if "AUTHOR_ID_KEY" in function.environment
    }
    assert holders == {
        "PostsFunction",
        "AccountFunction",
        "CommentsFunction",
        "ReactionsFunction",
        "ModerationFunction",
        "MediaFunction",
    }


def test_readers_and_writers_use_the_same_number_of_shards(deployment: Deployment) -> None:
    shards = [
        function.environment["FEED_SHARDS"]
        for function in deployment.functions.values()
        if "FEED_SHARDS" in function.environment
    ]
    assert len(shards) == 3
    assert len(set(shards)) == 1


def test_the_publisher_and_the_jobs_run_every_minute(deployment: Deployment) -> None:
    expected = {Schedule("PublisherFunction", 60), Schedule("JobsFunction", 60)}
    assert set(deployment.schedules) == expected


def test_every_gateway_response_is_problem_json_with_cors(deployment: Deployment) -> None:
    assert len(deployment.gateway_responses) == 21, "all types of API Gateway"
    for kind, response in deployment.gateway_responses.items():
        assert response.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.template is not None
        body: dict[str, Any] = json.loads(response.template)
        assert {"type", "title", "detail"} <= body.keys()
        assert body["instance"] == "urn:uuid:$context.requestId"
        assert body.get("status") == response.status, kind
        assert (response.status is None) == (kind == "DEFAULT_4XX")


def test_gateway_responses_contain_only_fixed_words_and_the_request_id(
    deployment: Deployment,
) -> None:
    variables = {
        name
        for response in deployment.gateway_responses.values()
        for name in re.findall(r"\$[\w.]+", response.template or "")
    }
    assert variables == {
        "$context.authorizer.auth_error",
        "$context.authorizer.auth_error_description",
        "$context.requestId",
    }


@pytest.mark.parametrize(
    "kind",
    ["THROTTLED", "QUOTA_EXCEEDED", "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR",
     "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "API_CONFIGURATION_ERROR", "DEFAULT_5XX"],
)  # fmt: skip
def test_temporary_errors_have_a_retry_after_header(deployment: Deployment, kind: str) -> None:
    response = deployment.gateway_responses[kind]
    assert response.status in (429, 503, 504)
    assert response.headers["Retry-After"].isdecimal()
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]


def is_page(resource: str) -> bool:
    """Return whether a route is one of the site's pages, which are HTML."""
    return resource.startswith("/pages")


def test_the_openapi_document_describes_the_templates_routes(deployment: Deployment) -> None:
    documented = {
        (method.upper(), path): bool(operation["security"])
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    deployed = {
        (route.method, route.resource): route.authorizer is not None
        for route in deployment.routes
        if route.method not in ("OPTIONS", "HEAD") and not is_page(route.resource)
    }
    assert documented == deployed


def test_every_public_get_route_accepts_head_and_every_path_a_preflight(
    deployment: Deployment,
) -> None:
    def paths(method: str, *, is_open: bool | None = None) -> set[str]:
        return {
            route.resource
            for route in deployment.routes
            if route.method == method and is_open in (None, route.authorizer is None)
        }

    assert paths("HEAD") == paths("GET", is_open=True)
    assert paths("OPTIONS", is_open=True) == {route.resource for route in deployment.routes}


def test_the_bucket_is_retained_and_private_and_its_temporary_objects_expire() -> None:
    bucket = RESOURCES["MediaBucket"]
    assert bucket["UpdateReplacePolicy"] == "Retain"
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate", "a failed creation removes it"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    rules = properties["LifecycleConfiguration"]["Rules"]
    expiring = {one["Prefix"]: one["ExpirationInDays"] for one in rules if "Prefix" in one}
    assert expiring == {"uploads/": 1, "exports/": 7}
    statement = RESOURCES["MediaBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_table_is_retained(deployment: Deployment) -> None:
    table = RESOURCES["BlogTable"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["TimeToLiveSpecification"]["AttributeName"] == "expires_at"


def test_the_variables_for_sam_local_are_declared_and_match_the_local_stack(
    deployment: Deployment,
) -> None:
    document = json.loads((ROOT / "devserver" / "sam-local.json").read_text())
    declared = {name for function in deployment.functions.values() for name in function.environment}
    shipped = document["Parameters"]
    assert shipped.keys() <= declared, "sam local passes only declared variables"
    assert shipped["AUTHOR_ID_KEY"] == AUTHOR_ID_KEY


def test_a_parameter_without_a_value_is_named() -> None:
    with pytest.raises(TemplateError, match="AuthorIdKey"):
        read_deployment(ROOT / "template.yaml", {"Auth0Audience": AUDIENCE})
