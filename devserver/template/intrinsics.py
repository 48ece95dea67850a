"""CloudFormation's intrinsic functions, those that template.yaml uses."""

import re
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
LOCAL_CREDENTIAL = "local"  # key id and secret here; they belong to no function
PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "blog",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = object()


class TemplateError(Exception):
    """The template contains something that cannot be resolved here."""


class Resolver:
    """A resolver of references and intrinsic functions in a template's values."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        """Take the values of the parameters. Every parameter without a default needs one."""
        self._resources = template["Resources"]
        self._conditions = template.get("Conditions", {})
        self._values = {**PSEUDO_PARAMETERS, "AWS::NoValue": _NO_VALUE}
        for name, declared in template.get("Parameters", {}).items():
            value = parameters.get(name, declared.get("Default"))
            if value is None:
                raise TemplateError(f"the parameter {name} needs a value")
            self._values[name] = value

    def resolve(self, value: Any) -> Any:  # noqa: PLR0911 - one return for each function
        """Return the value with all its intrinsic functions resolved."""
        match value:
            case {"Ref": str(name)} if len(value) == 1:
                return self._reference(name)
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(name)
            case {"Fn::If": [str(name), met, unmet]}:
                return self.resolve(met if self.holds(name) else unmet)
            case {"Fn::Sub": str(text)}:
                return self._substitute(text, {})
            case {"Fn::Sub": [str(text), dict(local)]}:
                return self._substitute(text, self.resolve(local))
            case dict():
                unknown = [key for key in value if str(key).startswith("Fn::")]
                if unknown:
                    raise TemplateError(f"the dev server does not support {unknown[0]} yet")
                members = {key: self.resolve(member) for key, member in value.items()}
                return {key: member for key, member in members.items() if member is not _NO_VALUE}
            case list():
                several = [self.resolve(member) for member in value]
                return [member for member in several if member is not _NO_VALUE]
            case _:
                return value

    def holds(self, condition: Any) -> bool:
        """Return whether a condition holds.

        It is a name, an expression, or None, which always holds.
        """
        match condition:
            case None:
                return True
            case str(name) | {"Condition": str(name)}:
                return self.holds(self._conditions[name])
            case {"Fn::Equals": [one, other]}:
                return str(self.resolve(one)) == str(self.resolve(other))
            case {"Fn::Not": [one]}:
                return not self.holds(one)
            case {"Fn::And": list(several)}:
                return all(map(self.holds, several))
            case {"Fn::Or": list(several)}:
                return any(map(self.holds, several))
            case _:
                raise TemplateError(
                    f"the dev server does not support the condition {condition} yet"
                )

    def _reference(self, name: str) -> Any:
        """Return a parameter's value or a resource's name, which is its logical id here."""
        if name in self._values:
            return self._values[name]
        if name in self._resources:
            is_alias = self._resources[name]["Type"] == "AWS::Lambda::Alias"
            return self._arn(name) if is_alias else name
        raise TemplateError(f"the template has nothing with the name {name}")

    def _arn(self, name: str) -> str:
        match self._resources[name]["Type"]:
            case "AWS::Lambda::Alias":
                alias = self._resources[name]["Properties"]
                return f"{self._arn(alias['FunctionName']['Ref'])}:{alias['Name']}"
            case "AWS::Lambda::Function":
                return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"
            case "AWS::DynamoDB::Table":
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{name}"
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{name}"
            case _:
                return f"arn:aws:local:{REGION}:{ACCOUNT}:{name}"

    def _substitute(self, text: str, local: Mapping[str, Any]) -> str:
        def replacement(match: re.Match[str]) -> str:
            name = match[1]
            if name in local:
                return str(local[name])
            if name.endswith(".Arn"):
                return self._arn(name.removesuffix(".Arn"))
            return str(self._reference(name))

        return re.sub(r"\$\{([A-Za-z0-9:._]+)\}", replacement, text)
