"""What template.yaml promises: least privilege, one format for errors, and routes as documented."""

import json
import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from devserver.deployment import Deployment, Schedule, read_deployment, transformed
from devserver.intrinsics import TemplateError
from devserver.settings import AUTHOR_ID_KEY
from scripts.roles import MANAGED, Rights, roles
from tests.support import AUDIENCE, ROOT

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
LOG = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
READ = {"BatchGetItem", "GetItem", "Query"}
WRITE = {"ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}
FAILURES = {"${FailedEvents.Arn}": {"sqs:SendMessage"}}
PARAMETERS = {
    "Auth0Domain": "tenant.example.com",
    "Auth0Audience": AUDIENCE,
    "AuthorIdKey": "k" * 32,
    "AllowedOrigin": "https://blog.example.com",
}


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return read_deployment(ROOT / "template.yaml", PARAMETERS)


def on_table(actions: set[str], **folders: set[str]) -> Rights:
    """What a function may do beside writing its log; `bucket` is the bucket itself."""
    found = {"*": LOG}
    if actions:
        found["${BlogTable.Arn}"] = {f"dynamodb:{one}" for one in actions}
    for folder, allowed in folders.items():
        name = "${MediaBucket.Arn}" if folder == "bucket" else f"${{MediaBucket.Arn}}/{folder}/*"
        found[name] = {f"s3:{one}" for one in allowed}
    return found


ROLES: dict[str, Rights] = {
    "AuthorizerFunctionRole": on_table(set()),
    "PublicFunctionRole": on_table(READ, media={"GetObject"}),
    "PostsFunctionRole": on_table(READ | WRITE),
    "AccountFunctionRole": on_table(
        {"BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "UpdateItem"},
        exports={"GetObject"},
    ),
    "CommentsFunctionRole": on_table({"BatchGetItem", "Query"} | WRITE),
    "ReactionsFunctionRole": on_table(READ | WRITE),
    "ModerationFunctionRole": on_table({"BatchGetItem", "Query"} | WRITE),
    "MediaFunctionRole": on_table(
        {"ConditionCheckItem", "PutItem", "UpdateItem"}, uploads={"PutObject"}
    ),
    "InspectorFunctionRole": FAILURES
    | on_table(
        {"ConditionCheckItem", "GetItem", "UpdateItem"},
        uploads={"GetObject", "DeleteObject"},
        media={"PutObject", "DeleteObject"},
        bucket={"ListBucket"},
    ),
    "PublisherFunctionRole": FAILURES | on_table({"GetItem", "Query"} | WRITE),
    "JobsFunctionRole": FAILURES
    | on_table(
        READ | WRITE | {"BatchWriteItem"},
        uploads={"DeleteObject"},
        media={"GetObject", "PutObject", "DeleteObject"},
        exports={"AbortMultipartUpload", "PutObject", "DeleteObject"},
        bucket={"ListBucket"},
    ),
    "DeploymentRole": {
        "*": {"cloudwatch:DescribeAlarms"},
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}"
        ":function:${AWS::StackName}-*": {
            "lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"
        },
    },
    "ApiGatewayLogsRole": {"*": MANAGED["AmazonAPIGatewayPushToCloudWatchLogs"]},
}  # fmt: skip


def test_a_role_may_do_what_it_needs_and_no_more() -> None:
    assert roles() == ROLES


def test_what_the_anonymous_internet_reaches_writes_nothing_but_its_log() -> None:
    actions = {action for allowed in roles()["PublicFunctionRole"].values() for action in allowed}
    is_reading = re.compile(r"dynamodb:(BatchGet|Get|Query)\w*|s3:Get\w+")
    assert {action for action in actions if not is_reading.fullmatch(action)} == LOG


def test_the_authorizer_attaches_the_auth_layer_alone(deployment: Deployment) -> None:
    layers = {
        name: [layer.name for layer in function.layers]
        for name, function in deployment.functions.items()
    }
    assert layers == {
        "AuthorizerFunction": ["auth"],
        "PublicFunction": ["auth", "blog"],
        "PostsFunction": ["auth", "blog"],
        "AccountFunction": ["auth", "blog"],
        "CommentsFunction": ["auth", "blog"],
        "ReactionsFunction": ["auth", "blog"],
        "ModerationFunction": ["auth", "blog"],
        "MediaFunction": ["auth", "blog"],
        "InspectorFunction": ["auth", "blog"],
        "PublisherFunction": ["auth", "blog"],
        "JobsFunction": ["auth", "blog"],
    }


def test_the_key_of_author_ids_goes_to_those_who_write(deployment: Deployment) -> None:
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


def test_readers_look_into_as_many_shards_as_writers_fill(deployment: Deployment) -> None:
    shards = [
        function.environment["FEED_SHARDS"]
        for function in deployment.functions.values()
        if "FEED_SHARDS" in function.environment
    ]
    assert len(shards) == 2
    assert len(set(shards)) == 1


def test_the_publisher_and_the_jobs_run_every_minute(deployment: Deployment) -> None:
    expected = {Schedule("PublisherFunction", 60), Schedule("JobsFunction", 60)}
    assert set(deployment.schedules) == expected


def test_every_gateway_response_is_problem_json_with_cors(deployment: Deployment) -> None:
    assert len(deployment.gateway_responses) == 21, "all types that API Gateway has"
    for kind, response in deployment.gateway_responses.items():
        assert response.headers["Access-Control-Allow-Origin"] == "https://blog.example.com"
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.template is not None
        body: dict[str, Any] = json.loads(response.template)
        assert {"type", "title", "detail"} <= body.keys()
        assert body["instance"] == "urn:uuid:$context.requestId"
        assert body.get("status") == response.status, kind
        assert (response.status is None) == kind.startswith("DEFAULT_")


def test_gateway_responses_substitute_nothing_but_fixed_words_and_the_requests_id(
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
     "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT"],
)  # fmt: skip
def test_what_passes_says_when_to_try_again(deployment: Deployment, kind: str) -> None:
    assert deployment.gateway_responses[kind].headers["Retry-After"].isdecimal()


def test_the_document_describes_the_templates_routes(deployment: Deployment) -> None:
    document = json.loads((ROOT / "functions" / "public" / "openapi.json").read_text())
    documented = {
        (method.upper(), path): "security" in operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    deployed = {
        (route.method, route.resource): route.authorizer is not None
        for route in deployment.routes
        if route.method not in ("OPTIONS", "HEAD")
    }
    assert documented == deployed


def test_every_public_get_answers_head_and_every_path_a_preflight(deployment: Deployment) -> None:
    def paths(method: str, *, is_open: bool | None = None) -> set[str]:
        return {
            route.resource
            for route in deployment.routes
            if route.method == method and is_open in (None, route.authorizer is None)
        }

    assert paths("HEAD") == paths("GET", is_open=True)
    assert paths("OPTIONS", is_open=True) == {route.resource for route in deployment.routes}


def test_the_bucket_is_kept_private_and_lets_go_of_what_nobody_needs() -> None:
    bucket = RESOURCES["MediaBucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = bucket["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    rules = properties["LifecycleConfiguration"]["Rules"]
    expiring = {one["Prefix"]: one["ExpirationInDays"] for one in rules if "Prefix" in one}
    assert expiring == {"uploads/": 1, "exports/": 7}
    (statement,) = RESOURCES["MediaBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_function_is_published_under_an_alias_by_what_all_artifacts_are() -> None:
    for name, one in RESOURCES.items():
        if one["Type"] == "AWS::Serverless::Function":
            assert one["Properties"]["AutoPublishCodeSha256"] == {"Ref": "ArtifactsDigest"}, name
    resources = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    changed = {**PARAMETERS, "ArtifactsDigest": "a" * 64}
    after = transformed(ROOT / "template.yaml", changed)["Resources"]

    def versions(found: dict[str, Any]) -> set[str]:
        return {name for name, one in found.items() if one["Type"] == "AWS::Lambda::Version"}

    functions = [name for name in resources if name.endswith("Function")]
    assert len(versions(resources)) == len(functions) == 11
    assert not versions(resources) & versions(after), "each function gets a new version"
    groups = [
        one for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"
    ]
    assert len(groups) == 11
    for one in groups:
        alarms = {
            alarm["Name"]["Ref"] for alarm in one["Properties"]["AlarmConfiguration"]["Alarms"]
        }
        assert alarms == {"ServerErrorsAlarm", "FunctionErrorsAlarm"}


def test_api_and_authorizer_call_what_is_published() -> None:
    resources = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    (api,) = (one for one in resources.values() if one["Type"] == "AWS::ApiGateway::RestApi")
    uris = re.findall(
        r"functions/\$\{(\w+)\}/invocations", json.dumps(api["Properties"]["Body"]["paths"])
    )
    assert len(uris) > 50
    assert not [name for name in uris if not name.endswith("FunctionAliaslive")]
    (scheme,) = api["Properties"]["Body"]["components"]["securitySchemes"].values()
    _, names = scheme["x-amazon-apigateway-authorizer"]["authorizerUri"]["Fn::Sub"]
    assert names == {"__FunctionArn__": {"Fn::Sub": "${AuthorizerFunction.Arn}:live"}}
    permission = resources["AuthorizerPermission"]["Properties"]
    assert permission["FunctionName"] == {"Ref": "AuthorizerFunctionAliaslive"}


def test_access_logs_hold_nothing_of_a_person() -> None:
    settings = RESOURCES["Api"]["Properties"]["AccessLogSetting"]
    variables = set(re.findall(r"\$context\.([\w.]+)", settings["Format"]))
    assert json.loads(settings["Format"]).keys() >= {"request_id", "status", "route"}
    assert variables == {
        "requestTimeEpoch", "requestId", "httpMethod", "resourcePath", "status", "responseLength",
        "responseLatency", "integrationLatency", "integration.status", "authorizer.latency",
        "authorizer.status", "error.responseType", "xrayTraceId",
    }  # fmt: skip


def test_domain_and_firewall_are_there_only_when_they_are_asked_for() -> None:
    for name in ("DomainOfApi", "PathsOfDomain"):
        assert RESOURCES[name]["Condition"] == "HasDomain"
    for name in ("WebAcl", "WebAclOfApi"):
        assert RESOURCES[name]["Condition"] == "HasFirewall"
    resources = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    (stage,) = (name for name, one in resources.items() if one["Type"].endswith("Gateway::Stage"))
    assert resources["PathsOfDomain"]["Properties"]["Stage"] == {"Ref": stage}
    acl = resources["WebAclOfApi"]["Properties"]["ResourceArn"]["Fn::Sub"]
    assert acl.endswith(f"::/restapis/${{Api}}/stages/${{{stage}}}")


def test_the_firewall_keeps_no_sample_of_a_request() -> None:
    properties = RESOURCES["WebAcl"]["Properties"]
    for one in (properties, *properties["Rules"]):
        assert one["VisibilityConfig"]["SampledRequestsEnabled"] is False, "tokens are in them"


def test_throttled_methods_are_routes(deployment: Deployment) -> None:
    general, *costly = RESOURCES["Api"]["Properties"]["MethodSettings"]
    assert (general["ResourcePath"], general["HttpMethod"]) == ("/*", "*")
    routes = {(route.method, route.resource) for route in deployment.routes}
    for one in costly:
        path = one["ResourcePath"].removeprefix("/").replace("~1", "/")
        assert (one["HttpMethod"], path) in routes


def test_what_is_asynchronous_loses_nothing() -> None:
    for name in ("InspectorFunction", "PublisherFunction", "JobsFunction"):
        properties = RESOURCES[name]["Properties"]
        queue = {"Fn::GetAtt": ["FailedEvents", "Arn"]}
        failed = properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
        assert failed == {"Type": "SQS", "Destination": queue}
        (event,) = properties["Events"].values()
        assert event["Properties"]["DeadLetterConfig"] == {"Arn": queue}


def test_the_dashboard_is_json() -> None:
    text = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(text)["widgets"]
    assert len({widget["properties"]["title"] for widget in widgets}) == len(widgets) == 10


def test_alarms_watch_metrics_that_are_written() -> None:
    """Under the names and dimensions that the functions give them."""
    own = {
        (
            one["Properties"]["MetricName"],
            *(pair["Value"] for pair in one["Properties"]["Dimensions"]),
        )
        for one in RESOURCES.values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and one["Properties"].get("Namespace") == {"Ref": "AWS::StackName"}
    }
    assert own == {
        ("Decisions", "authorizer", "undecided"),
        ("Decisions", "authorizer", "deny"),
        ("KeySetAge", "authorizer"),
        ("PublisherLag", "publisher"),
        ("JobsLeft", "jobs"),
    }


def test_every_alarm_tells_somebody_and_is_explained() -> None:
    alarms = {
        name: one for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    explained = re.findall(r"^## (\w+Alarm)$", (ROOT / "docs" / "runbook.md").read_text(), re.M)
    assert sorted(explained) == sorted(alarms)
    shown = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert sorted(re.findall(r"\$\{(\w+Alarm)\.Arn\}", shown)) == sorted(alarms)
    for one in alarms.values():
        assert one["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert one["Properties"]["AlarmDescription"]


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("Auth0Domain", ["", "example.eu.auth0.com"], ["https://a.example", "a.example/", "A B"]),
        ("Auth0Issuer", ["", "https://a.example/", "https://a.example/,https://b.example/"],
         ["https://a.example", "a.example/", "https://a.example/ "]),
        ("Auth0Audience", ["https://api.example.com", "blog"], ["", "two words"]),
        ("Auth0ClientIds", ["", "abc,DEF_1-2"], ["a,", "a b", "'"]),
        ("AllowedOrigin", ["*", "https://blog.example.com", "http://localhost:5173"],
         ["", "https://blog.example.com/", "https://*.example.com", "https://a.example'"]),
        ("AuthorIdKey", ["k" * 32], ["k" * 31 + " ", "k\n"]),
        ("SiteUrl", ["https://blog.example.com", "https://a.example/blog"], ["", "https://a.example/"]),
        ("MediaUrl", ["", "https://cdn.example.com"], ["http://a.example", "https://a.example/"]),
        ("ArtifactsDigest", ["", "0" * 64], ["0" * 63, "g" * 64]),
        ("AlarmEmail", ["", "a@b.example"], ["a", "a@b c"]),
        ("ApiDomain", ["", "api.example.com"], ["https://api.example.com", "api", "A.example"]),
        ("ApiCertificate", ["", "arn:aws:acm:eu-west-1:123456789012:certificate/a-b"],
         ["a", "arn:aws:iam::123456789012:role/a"]),
    ],
)  # fmt: skip
def test_parameters_are_checked_before_anything_is_made(
    parameter: str, good: list[str], bad: list[str]
) -> None:
    declared = TEMPLATE["Parameters"][parameter]
    assert all(re.fullmatch(declared["AllowedPattern"], value) for value in good)
    assert not [value for value in bad if re.fullmatch(declared["AllowedPattern"], value)]


def test_every_parameter_is_checked_and_explained() -> None:
    for name, one in TEMPLATE["Parameters"].items():
        assert one["Description"], name
        if one["Type"] == "Number":
            assert "MinValue" in one or "AllowedValues" in one, name
        else:
            assert "AllowedPattern" in one or "AllowedValues" in one, name


def test_the_table_is_kept(deployment: Deployment) -> None:
    table = RESOURCES["BlogTable"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    properties = table["Properties"]
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["TimeToLiveSpecification"]["AttributeName"] == "expires_at"


def test_the_variables_for_sam_local_are_declared_and_are_the_desks(
    deployment: Deployment,
) -> None:
    document = json.loads((ROOT / "devserver" / "sam-local.json").read_text())
    declared = {name for function in deployment.functions.values() for name in function.environment}
    shipped = document["Parameters"]
    assert shipped.keys() <= declared, "sam local passes on declared variables alone"
    assert shipped["AUTHOR_ID_KEY"] == AUTHOR_ID_KEY


def test_a_parameter_without_a_value_is_named() -> None:
    with pytest.raises(TemplateError, match="AuthorIdKey"):
        read_deployment(ROOT / "template.yaml", {"Auth0Audience": AUDIENCE})


LOCKS = [ROOT / "requirements-dev.txt", *sorted(ROOT.glob("layers/*/requirements.txt"))]


@pytest.mark.parametrize(
    "lock",
    [*LOCKS, ROOT / "requirements-audit.txt"],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_a_lock_pins_by_hash_and_names_no_host(lock: Any) -> None:
    text = lock.read_text()
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[\w, -]+\])?==(\S+)", text, re.M)
    assert len(pins) == len(re.findall(r"^\S", text.replace("#", " "), re.M))
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text


def test_tests_run_with_the_versions_that_are_deployed() -> None:
    development, *layers = (
        set(re.findall(r"^([A-Za-z0-9._-]+(?:\[[\w, -]+\])?==\S+)", lock.read_text(), re.M))
        for lock in LOCKS
    )
    assert layers[0] <= development
    assert layers[1] <= development
