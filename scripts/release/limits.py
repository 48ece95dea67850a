"""Measure the template against AWS's limits: `make limits`.

The values are those of a stack with a long name in the region with the longest name. Sources:
the pages *Quotas* of the services' developer guides, and the reference of each API.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from devserver.settings import TEMPLATE
from devserver.template.sam import transformed

STACK = "b" * 30
REGION = "ap-southeast-1"
ACCOUNT = "123456789012"
SUFFIX = "-1A2B3C4D5E6F7"  # as CloudFormation adds to names
LONGEST_NAME = 64  # of a function or a role
PARAMETERS = {
    "Auth0Domain": "",
    "Auth0Issuer": f"https://{'a' * 60}.example.com/,https://{'b' * 60}.example.com/",
    "Auth0Audience": f"https://{'a' * 60}.example.com/api",
    "Auth0ClientIds": ",".join(["c" * 32] * 5),
    "AuthorIdKey": "k" * 128,
    "AllowedOrigin": f"https://{'a' * 60}.example.com",
    "SiteUrl": f"https://{'a' * 60}.example.com/blog",
    "MediaUrl": f"https://{'a' * 60}.example.com/media",
    "SiteName": "n" * 80,
    "SiteDescription": "d" * 300,
    "SiteLanguage": "l" * 35,
    "SiteLogo": f"/{'l' * 299}",
    "SiteContact": f"mailto:{'c' * 181}@example.com",
}
_PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::NoValue": "",
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}


class Measure(NamedTuple):
    """A measured value, and AWS's limit for it."""

    what: str
    value: int
    limit: int

    @property
    def percent(self) -> float:
        """Return the share of the limit that is used."""
        return 100 * self.value / self.limit


def measures() -> list[Measure]:
    """Return all measures of the template as SAM transforms it."""
    document = transformed(TEMPLATE, PARAMETERS)
    resources: dict[str, Any] = document["Resources"]
    long = _Long(document)
    return [
        Measure("template, bytes after the transform", len(_compact(document)), 1_000_000),
        Measure("resources", len(resources), 500),
        Measure("parameters", len(document["Parameters"]), 200),
        Measure("outputs", len(document["Outputs"]), 200),
        *_of_the_api(resources),
        *_of_functions(resources, long),
        *_of_policies(resources, long),
        *_of_cloudwatch(resources, long),
        *_of_cloudfront(resources),
        *_of_names(resources, long),
    ]


def _of_the_api(resources: dict[str, Any]) -> Iterator[Measure]:
    (api,) = _of_type(resources, "AWS::ApiGateway::RestApi").values()
    places = {
        "/".join(parts[: count + 1])
        for path in api["Properties"]["Body"]["paths"]
        for parts in [path.split("/")]
        for count in range(len(parts))
    }
    yield Measure("resources of the API", len(places), 300)


def _of_functions(resources: dict[str, Any], long: "_Long") -> Iterator[Measure]:
    permissions: dict[str, list[dict[str, Any]]] = {}
    for name, one in _of_type(resources, "AWS::Lambda::Permission").items():
        function = one["Properties"]["FunctionName"]["Ref"]
        permissions.setdefault(function, []).append(long.statement(name, one["Properties"]))
    for function, statements in sorted(permissions.items()):
        policy = {"Version": "2012-10-17", "Id": "default", "Statement": statements}
        yield Measure(f"policy of {function}, bytes", len(_compact(policy)), 20_480)
    for name, one in sorted(_of_type(resources, "AWS::Lambda::Function").items()):
        variables = long.value(one["Properties"].get("Environment", {}).get("Variables", {}))
        size = sum(len(key) + len(str(value)) for key, value in variables.items())
        yield Measure(f"variables of {name}, bytes", size, 4_096)


def _of_policies(resources: dict[str, Any], long: "_Long") -> Iterator[Measure]:
    for name, one in sorted(_of_type(resources, "AWS::IAM::ManagedPolicy").items()):
        text = _compact(long.value(one["Properties"]["PolicyDocument"]))
        yield Measure(f"managed policy {name}, characters", len(text), 6_144)
    for name, one in sorted(_of_type(resources, "AWS::IAM::Role").items()):
        properties = one["Properties"]
        inline = long.value([each["PolicyDocument"] for each in properties.get("Policies", [])])
        yield Measure(
            f"inline policies of {name}, characters", sum(map(len, map(_compact, inline))), 10_240
        )
        trust = _compact(long.value(properties["AssumeRolePolicyDocument"]))
        yield Measure(f"trust policy of {name}, characters", len(trust), 2_048)


def _of_cloudwatch(resources: dict[str, Any], long: "_Long") -> Iterator[Measure]:
    for name, one in sorted(_of_type(resources, "AWS::CloudWatch::Alarm").items()):
        count = sum("MetricStat" in metric for metric in one["Properties"].get("Metrics", []))
        if count:
            yield Measure(f"metrics of {name}", count, 10)
    (dashboard,) = _of_type(resources, "AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(long.value(dashboard["Properties"]["DashboardBody"]))["widgets"]
    yield Measure("widgets of the dashboard", len(widgets), 500)
    most = max(len(widget["properties"].get("metrics", [])) for widget in widgets)
    yield Measure("metrics of a widget", most, 500)


def _of_cloudfront(resources: dict[str, Any]) -> Iterator[Measure]:
    for name, one in _of_type(resources, "AWS::CloudFront::Function").items():
        size = len(one["Properties"]["FunctionCode"].encode())
        yield Measure(f"code of {name}, bytes", size, 10_240)
    for one in _of_type(resources, "AWS::CloudFront::Distribution").values():
        behaviours = one["Properties"]["DistributionConfig"]["CacheBehaviors"]
        yield Measure("behaviours of the distribution", len(behaviours) + 1, 75)


def _of_names(resources: dict[str, Any], long: "_Long") -> Iterator[Measure]:
    limits = {
        "AWS::CloudFront::Function": ("Name", 64),
        "AWS::CloudFront::CachePolicy": ("CachePolicyConfig.Name", 128),
        "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig.Name", 128),
        "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig.Name", 64),
        "AWS::CloudWatch::Dashboard": ("DashboardName", 255),
        "AWS::Logs::QueryDefinition": ("Name", 255),
    }
    for kind, (path, limit) in limits.items():
        for name, one in sorted(_of_type(resources, kind).items()):
            value = one["Properties"]
            for part in path.split("."):
                value = value[part]
            yield Measure(f"name of {name}, characters", len(long.value(value)), limit)


def _of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: one for name, one in resources.items() if one["Type"] == kind}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


class _Long:
    """Resolves a template's values to texts as long as they can be on AWS."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._resources = document["Resources"]
        defaults = {name: one.get("Default", "") for name, one in document["Parameters"].items()}
        self._values = {**defaults, **PARAMETERS, **_PSEUDO_PARAMETERS}

    def value(self, value: Any) -> Any:  # noqa: PLR0911 - one return for each function
        """Return the value without intrinsic functions. Raises ValueError for an unknown one."""
        match value:
            case {"Ref": str(name)}:
                return self._reference(name)
            case {"Fn::GetAtt": [str(name), *_]}:
                return self._arn(name)
            case {"Fn::Sub": str(text)}:
                return self._substitute(text, {})
            case {"Fn::Sub": [str(text), dict(local)]}:
                return self._substitute(text, self.value(local))
            case {"Fn::If": [_, one, other]}:
                return max(self.value(one), self.value(other), key=lambda each: len(_compact(each)))
            case {"Fn::Select": [_, {"Fn::Split": [_, each]}]}:
                return self.value(each)
            case dict():
                if unknown := [key for key in value if key.startswith("Fn::")]:
                    raise ValueError(f"{unknown[0]} is not supported here")
                return {key: self.value(member) for key, member in value.items()}
            case list():
                return [self.value(member) for member in value]
            case _:
                return value

    def statement(self, name: str, permission: dict[str, Any]) -> dict[str, Any]:
        """Return the statement that Lambda makes of a permission."""
        conditions = {"ArnLike": {"AWS:SourceArn": self.value(permission["SourceArn"])}}
        return {
            "Sid": f"{STACK}-{name}{SUFFIX}",
            "Effect": "Allow",
            "Principal": {"Service": permission["Principal"]},
            "Action": permission["Action"],
            "Resource": self.value(permission["FunctionName"]),
            "Condition": conditions,
        }

    def _reference(self, name: str) -> str:
        if name in self._values:
            return str(self._values[name])
        kind = self._resources[name]["Type"]
        if kind == "AWS::Lambda::Alias":
            function = self._resources[name]["Properties"]["FunctionName"]["Ref"]
            return f"{self._arn(function)}:live"
        if kind == "AWS::SNS::Topic":
            return self._arn(name)
        return "a" * 10 if kind == "AWS::ApiGateway::RestApi" else self._name(name)

    def _name(self, name: str) -> str:
        return f"{STACK}-{name}{SUFFIX}"[:LONGEST_NAME]

    def _arn(self, name: str) -> str:
        service = self._resources[name]["Type"].split("::")[1]
        kind = {"Lambda": "function:", "DynamoDB": "table/", "IAM": "role/"}.get(service, "")
        place = f"{service.lower()}:{REGION}:{ACCOUNT}"
        return f"arn:aws:{place}:{kind}{self._name(name)}"

    def _substitute(self, text: str, local: dict[str, Any]) -> str:
        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name in local:
                return str(local[name])
            resource, dot, _ = name.partition(".")
            return self._arn(resource) if dot else self._reference(name)

        return re.sub(r"\$\{([A-Za-z0-9:._]+)\}", replacement, text)


def main() -> None:
    """Print the measures as a table, the largest share first."""
    print("| | value | limit | used |\n| --- | --- | --- | --- |")
    for one in sorted(measures(), key=lambda one: -one.percent):
        print(f"| {one.what} | {one.value:,} | {one.limit:,} | {one.percent:.0f}% |")


if __name__ == "__main__":
    main()
