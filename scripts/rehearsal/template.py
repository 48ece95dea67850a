"""The template of a rehearsal: a build's template as SAM transforms it, for MiniStack."""

import platform
from pathlib import Path
from typing import Any

from devserver.template.policies import PARAMETERS
from devserver.template.sam import transformed

# MiniStack does not know these types, so they are left out. gaps.py checks this.
UNKNOWN_TYPES = (
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Logs::QueryDefinition",
)


def architecture() -> str:
    """Return this machine's processor architecture, for which the rehearsal is built."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def rehearsal_template(build: Path, digest: str) -> dict[str, Any]:
    """Return the template of a build, as SAM transforms it with a digest of artifacts.

    The transform takes place here, because MiniStack's own gets no values of parameters, so that
    no version would ever change. SAM CLI uploads the artifacts, which are in folders again.
    """
    parameters = {**PARAMETERS, "ArtifactsDigest": digest, "Architecture": architecture()}
    document = transformed(build / "template.yaml", parameters)
    document.pop("Transform", None)
    document["Resources"] = {
        name: _rehearsed(resource)
        for name, resource in document["Resources"].items()
        if resource["Type"] not in UNKNOWN_TYPES
    }
    return document


def _rehearsed(resource: dict[str, Any]) -> dict[str, Any]:
    properties = resource.get("Properties", {})
    resource.pop("UpdatePolicy", None)  # names CodeDeploy's resources
    for member in ("Code", "Content"):
        if "S3Key" in properties.get(member, {}):
            properties[member] = properties[member]["S3Key"]
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties:
        # MiniStack knows no metric math: the first metric stands for the expression.
        first = properties.pop("Metrics")[0]["MetricStat"]
        properties |= {**first["Metric"], "Statistic": first["Stat"], "Period": first["Period"]}
    return resource


def gateway_responses(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the API's gateway responses by type, as API Gateway's own operation takes them."""
    body = document["Resources"]["Api"]["Properties"]["Body"]
    return {
        kind: {
            **({"statusCode": str(given["statusCode"])} if "statusCode" in given else {}),
            "responseParameters": {
                name: value if isinstance(value, str) else "'https://blog.example.com'"
                for name, value in given.get("responseParameters", {}).items()
            },
            "responseTemplates": given.get("responseTemplates", {}),
        }
        for kind, given in body["x-amazon-apigateway-gateway-responses"].items()
    }


if __name__ == "__main__":
    print(architecture())
