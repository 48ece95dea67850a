"""The template's support for operators: versions under an alias, limits, logs, alarms."""

import json
import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from blog_auth.errors import Undecided
from blog_auth.refusals import BAD_SIGNATURE, WRONG_ALGORITHM
from devserver.template.deployment import read_deployment
from devserver.template.intrinsics import Resolver
from devserver.template.policies import PARAMETERS
from devserver.template.sam import transformed
from scripts.docs.cost import FUNCTION_METRICS, watching_price
from tests.support.samples import ROOT

CLOSED = {**PARAMETERS, "Closed": "on"}
STAGE, RULE = "AWS::ApiGateway::Stage", "AWS::Events::Rule"
TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """Return the resources as CloudFormation gets them."""
    found: dict[str, Any] = transformed(ROOT / "template.yaml", PARAMETERS)["Resources"]
    return found


def test_every_function_gets_a_new_version_when_any_artifact_changes(
    resources: dict[str, Any],
) -> None:
    for name, one in RESOURCES.items():
        if one["Type"] == "AWS::Serverless::Function":
            assert one["Properties"]["AutoPublishCodeSha256"] == {"Ref": "ArtifactsDigest"}, name
    changed = {**PARAMETERS, "ArtifactsDigest": "a" * 64}
    after = transformed(ROOT / "template.yaml", changed)["Resources"]

    def versions(found: dict[str, Any]) -> set[str]:
        return {name for name, one in found.items() if one["Type"] == "AWS::Lambda::Version"}

    functions = [name for name in resources if name.endswith("Function")]
    assert len(versions(resources)) == len(functions) == 12
    assert not versions(resources) & versions(after), "each function gets a new version"
    groups = [
        one for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"
    ]
    assert len(groups) == 12


def test_alarms_guard_each_deployment_except_one_that_fixes_their_cause(
    resources: dict[str, Any],
) -> None:
    groups = [
        one for one in resources.values() if one["Type"] == "AWS::CodeDeploy::DeploymentGroup"
    ]
    for one in groups:
        condition, guarded, unguarded = one["Properties"]["AlarmConfiguration"]["Fn::If"]
        assert condition == "GuardsDeployments"
        assert guarded["Alarms"] == [{"Name": {"Ref": "DeploymentFaultsAlarm"}}]
        assert unguarded == {}


def _value(alarm: str, **metrics: int) -> float:
    """Return the value of an alarm's expression for one minute. Other metrics have no data."""

    def add(values: list[int | None]) -> int:
        return sum(filter(None, values))

    values: dict[str, Any] = {}
    functions = {
        "IF": lambda condition, one, other: one if condition else other,
        "FILL": lambda one, other: other if one is None else one,
        "SUM": add,
    }
    for metric in RESOURCES[alarm]["Properties"]["Metrics"]:
        name = metric["Id"]
        if "Expression" in metric:
            text = metric["Expression"].replace("METRICS()", "[*METRICS]")
            values[name] = eval(text, functions, {**values, "METRICS": [*values.values()]})
        else:
            values[name] = metrics.get(name)
    (returned,) = (
        one["Id"]
        for one in RESOURCES[alarm]["Properties"]["Metrics"]
        if one.get("ReturnData") is not False
    )
    return float(values[returned])


@pytest.mark.parametrize(
    ("alarm", "metrics", "is_breaching"),
    [
        ("DeploymentFaultsAlarm", {"requests": 10, "faults": 1}, False),
        ("DeploymentFaultsAlarm", {"requests": 10, "faults": 2}, False),
        ("DeploymentFaultsAlarm", {"requests": 10, "faults": 3}, True),
        ("DeploymentFaultsAlarm", {"requests": 5_000, "faults": 90}, False),
        ("DeploymentFaultsAlarm", {"requests": 5_000, "faults": 110}, True),
        ("FunctionErrorsAlarm", {"public": 1}, True),  # it only notifies
        ("AuthorizerErrorsAlarm", {"errors": 58, "undecided": 58}, False),
        ("AuthorizerErrorsAlarm", {"errors": 5}, False),
        ("AuthorizerErrorsAlarm", {"errors": 60}, True),
    ],
)
def test_single_requests_and_invented_key_ids_do_not_stop_a_deployment(
    alarm: str, metrics: dict[str, int], is_breaching: bool
) -> None:
    properties = RESOURCES[alarm]["Properties"]
    assert properties["ComparisonOperator"] == "GreaterThanThreshold"
    assert (_value(alarm, **metrics) > properties["Threshold"]) == is_breaching


def test_responses_with_503_do_not_stop_a_deployment() -> None:
    """A flood of requests causes them, by throttling."""
    (condition, guards, _) = TEMPLATE["Globals"]["Function"]["DeploymentPreference"]["Alarms"][
        "Fn::If"
    ]
    assert condition == "GuardsDeployments"
    for guard in guards:
        assert "5XXError" not in str(RESOURCES[guard["Ref"]])


def _counts_as_fault(line: str) -> bool:
    """Apply the filters of the metric Faults to a line that is no JSON."""
    patterns = [
        one["Properties"]["FilterPattern"]
        for one in RESOURCES.values()
        if one["Type"] == "AWS::Logs::MetricFilter"
    ]
    assert len(patterns) == 3
    return any(re.search(one.strip("%"), line) for one in patterns if one.startswith("%"))


@pytest.mark.parametrize(
    ("line", "is_fault"),
    [
        # An exception, as the runtime writes it (aws/aws-lambda-python-runtime-interface-client,
        # awslambdaric/bootstrap.py, log_error).
        ("[ERROR] KeyError: 'TABLE_NAME'\nTraceback (most recent call last):", True),
        ("[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module", True),
        ("[ERROR] UnboundLocalError: local variable 'post' referenced", True),
        ("[ERROR] UnicodeDecodeError: 'utf-8' codec can't decode byte", True),
        ("[ERROR] UserWarning: is an exception too", True),
        ("[ERROR] error: a name in lower case", True),
        (f"[ERROR] {Undecided.__name__}: no key has this id\nTraceback", False),
        # Lambda's own lines (Lambda Developer Guide, "Troubleshoot invocation issues").
        ("2026-01-31T09:30:00.123Z 79b3b8b9-fff3 Task timed out after 15.02 seconds", True),
        ("RequestId: 79b3b8b9-fff3 Error: Runtime exited with error: signal: killed", True),
        ("START RequestId: 79b3b8b9-fff3-4e0f-9d3a-8a5a6a7b8c9d Version: 12", False),
        ('{"level":"INFO","message":"request","refusal":"[ERROR] KeyError"}', False),
    ],
)  # fmt: skip
def test_failed_invocations_are_faults_but_invented_key_ids_are_not(
    line: str, is_fault: bool
) -> None:
    assert _counts_as_fault(line) == is_fault


def test_the_log_of_all_functions_is_searched_for_faults() -> None:
    assert TEMPLATE["Globals"]["Function"]["LoggingConfig"] == {"LogGroup": {"Ref": "FunctionLogs"}}
    for name, one in RESOURCES.items():
        if one["Type"] == "AWS::Serverless::Function":
            assert "LoggingConfig" not in one["Properties"], name
        if one["Type"] == "AWS::Logs::MetricFilter":
            assert one["Properties"]["LogGroupName"] == {"Ref": "FunctionLogs"}
            (metric,) = one["Properties"]["MetricTransformations"]
            assert (metric["MetricName"], metric["MetricValue"]) == ("Faults", "1")


def _watched(value: str) -> set[str]:
    """Return the names of the alarms and the dashboard that a stack with Watching=value has."""
    resolver = Resolver(TEMPLATE, {**PARAMETERS, "Watching": value})
    return {
        name
        for name, one in RESOURCES.items()
        if one["Type"].startswith("AWS::CloudWatch") and resolver.holds(one.get("Condition"))
    }


def test_watching_decides_which_alarms_and_metrics_exist() -> None:
    assert len(_watched("full")) == 17
    assert "Dashboard" in _watched("full")
    assert _watched("essential") == {
        "ServerErrorsAlarm", "FaultsAlarm", "DeploymentFaultsAlarm", "FailedEventsAlarm",
    }  # fmt: skip
    assert _watched("off") == set()
    assert TEMPLATE["Parameters"]["Watching"]["Default"] == "essential"
    for value, disabled in (("full", "false"), ("essential", "true"), ("off", "true")):
        resolver = Resolver(TEMPLATE, {**PARAMETERS, "Watching": value})
        for name in ("Authorizer", "Publisher", "Jobs"):
            variables = RESOURCES[f"{name}Function"]["Properties"]["Environment"]["Variables"]
            assert resolver.resolve(variables["POWERTOOLS_METRICS_DISABLED"]) == disabled


@pytest.mark.parametrize("value", ["full", "essential", "off"])
@pytest.mark.parametrize("alarms", ["on", "off"])
def test_every_reference_to_an_alarm_names_one_that_exists(value: str, alarms: str) -> None:
    parameters = {**PARAMETERS, "Watching": value, "DeploymentAlarms": alarms}
    resolver = Resolver(TEMPLATE, parameters)
    assert resolver.holds("GuardsDeployments") == (value != "off" and alarms == "on")
    if resolver.holds("GuardsDeployments"):
        assert "DeploymentFaultsAlarm" in _watched(value)
    if "Dashboard" in _watched(value):
        dashboard = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
        assert set(re.findall(r"\$\{(\w+Alarm)\.Arn\}", dashboard)) <= _watched(value)


def test_essential_watching_costs_at_most_one_dollar_a_month() -> None:
    prices = {value: watching_price(value) for value in ("full", "essential", "off")}
    assert 0 < prices["essential"] <= 1 < prices["full"]
    assert prices["off"] == 0


def test_api_and_authorizer_use_published_versions(resources: dict[str, Any]) -> None:
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


def test_access_logs_contain_no_personal_data() -> None:
    settings = RESOURCES["Api"]["Properties"]["AccessLogSetting"]
    variables = set(re.findall(r"\$context\.([\w.]+)", settings["Format"]))
    assert json.loads(settings["Format"]).keys() >= {"request_id", "status", "route"}
    assert variables == {
        "requestTimeEpoch", "requestId", "httpMethod", "resourcePath", "status", "responseLength",
        "responseLatency", "integrationLatency", "integration.status", "authorizer.latency",
        "authorizer.status", "error.responseType", "xrayTraceId",
    }  # fmt: skip


def test_domain_and_firewall_exist_only_when_enabled(
    resources: dict[str, Any],
) -> None:
    for name in ("DomainOfApi", "PathsOfDomain"):
        assert RESOURCES[name]["Condition"] == "HasApiDomain"
    assert RESOURCES["WebAcl"]["Condition"] == "HasFirewall"
    assert RESOURCES["WebAclOfApi"]["Condition"] == "HasApiFirewall"
    (stage,) = (name for name, one in resources.items() if one["Type"].endswith("Gateway::Stage"))
    assert resources["PathsOfDomain"]["Properties"]["Stage"] == {"Ref": stage}
    acl = resources["WebAclOfApi"]["Properties"]["ResourceArn"]["Fn::Sub"]
    assert acl.endswith(f"::/restapis/${{Api}}/stages/${{{stage}}}")


def test_the_firewall_stores_no_sampled_requests() -> None:
    properties = RESOURCES["WebAcl"]["Properties"]
    for one in (properties, *properties["Rules"]):
        assert one["VisibilityConfig"]["SampledRequestsEnabled"] is False, "they contain tokens"


def test_throttled_methods_are_routes() -> None:
    general, *costly = RESOURCES["Api"]["Properties"]["MethodSettings"]
    assert (general["ResourcePath"], general["HttpMethod"]) == ("/*", "*")
    deployment = read_deployment(ROOT / "template.yaml", PARAMETERS)
    routes = {(route.method, route.resource) for route in deployment.routes}
    for one in costly:
        path = one["ResourcePath"].removeprefix("/").replace("~1", "/")
        assert (one["HttpMethod"], path) in routes


def test_a_closed_api_refuses_all_requests_and_runs_no_schedule() -> None:
    document = transformed(ROOT / "template.yaml", CLOSED)
    resolver = Resolver(document, CLOSED)
    by_type: dict[str, list[dict[str, Any]]] = {}
    for one in document["Resources"].values():
        if resolver.holds(one.get("Condition")) and one["Type"] in (STAGE, RULE):
            by_type.setdefault(one["Type"], []).append(resolver.resolve(one["Properties"]))
    (stage,) = by_type[STAGE]
    for one in stage["MethodSettings"]:
        assert one["ThrottlingRateLimit"] == one["ThrottlingBurstLimit"] == 0
    scheduled = [one for one in by_type[RULE] if "ScheduleExpression" in one]
    assert [one["State"] for one in scheduled] == ["DISABLED"] * 2


def test_asynchronous_events_are_not_lost() -> None:
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


def test_alarms_use_existing_metrics() -> None:
    """The functions write the metrics with these names and dimensions."""
    alarms = (one for one in RESOURCES.values() if one["Type"] == "AWS::CloudWatch::Alarm")
    own = {
        (watched["MetricName"], *(pair["Value"] for pair in watched.get("Dimensions", [])))
        for alarm in alarms
        for watched in (
            alarm["Properties"],
            *(
                metric["MetricStat"]["Metric"]
                for metric in alarm["Properties"].get("Metrics", [])
                if "MetricStat" in metric
            ),
        )
        if watched.get("Namespace") == {"Ref": "AWS::StackName"}
    }
    assert own == {
        ("Decisions", "authorizer", "deny", BAD_SIGNATURE.code),
        ("Decisions", "authorizer", "deny", WRONG_ALGORITHM.code),
        ("Decisions", "authorizer", "undecided"),
        ("Decisions", "authorizer", "deny"),
        ("KeySetAge", "authorizer"),
        ("PublisherLag", "publisher"),
        ("JobsLeft", "jobs"),
        ("Faults",),
    }


def test_the_cost_page_counts_every_metric() -> None:
    code = "".join(path.read_text() for path in ROOT.glob("functions/*/app.py"))
    written = re.findall(r'(?:count|add_metric)\(\s*"(\w+)"|\{"(KeySetAge)":', code)
    names = {name for pair in written for name in pair if name}
    assert {one.partition(" ")[0] for one in FUNCTION_METRICS} == names


def test_a_new_stack_raises_no_alarm_and_a_function_that_stops_reporting_is_noticed() -> None:
    # A new alarm has the state INSUFFICIENT_DATA, and only a change of the state runs actions.
    alarms = {
        name: one["Properties"]
        for name, one in RESOURCES.items()
        if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    reported_always = {
        name for name, one in alarms.items() if one["TreatMissingData"] != "notBreaching"
    }
    assert reported_always == {"PublisherLagAlarm", "JobsLeftAlarm"}
    for name in reported_always:
        assert alarms[name]["TreatMissingData"] == "missing"
        assert alarms[name]["InsufficientDataActions"] == [{"Ref": "AlarmTopic"}]


def test_every_alarm_notifies_and_is_documented() -> None:
    alarms = {
        name: one for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"
    }
    explained = re.findall(r"^## (\w+Alarm)$", (ROOT / "docs" / "runbook.md").read_text(), re.M)
    assert sorted(explained) == sorted(alarms)
    dashboard = RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert sorted(re.findall(r"\$\{(\w+Alarm)\.Arn\}", dashboard)) == sorted(alarms)
    for one in alarms.values():
        assert one["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert one["Properties"]["AlarmDescription"]
