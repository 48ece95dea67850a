"""CloudFront before app and API: its caching, its origins, and its headers."""

import fnmatch
import re
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from blog.s3 import media_object_key
from devserver.site_headers import site_headers
from devserver.template.deployment import read_deployment
from devserver.template.policies import PARAMETERS
from tests.support.samples import ROOT

RESOURCES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
DISTRIBUTION: dict[str, Any] = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
ORIGINS = {one["Id"]: one for one in DISTRIBUTION["Origins"]}
# CloudFront's managed policies, by the ids in its documentation.
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER_EXCEPT_HOST_HEADER = "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def behaviour(path: str) -> dict[str, Any]:
    """Return the behaviour for a path: the first one whose pattern matches."""
    for one in DISTRIBUTION["CacheBehaviors"]:
        if fnmatch.fnmatchcase(path, one["PathPattern"]):
            found: dict[str, Any] = one
            return found
    rest: dict[str, Any] = DISTRIBUTION["DefaultCacheBehavior"]
    return rest


def test_the_cdn_exists_only_when_it_is_enabled() -> None:
    of_it = [
        name
        for name, one in RESOURCES.items()
        if "CloudFront" in one["Type"] or name.startswith("Site")
    ]
    assert len(of_it) == 7
    for name in of_it:
        assert RESOURCES[name]["Condition"] == "HasCdn"
    assert DISTRIBUTION["WebACLId"]["Fn::If"][0] == "HasFirewall"
    assert RESOURCES["WebAcl"]["Properties"]["Scope"] == {
        "Fn::If": ["HasCdn", "CLOUDFRONT", "REGIONAL"]
    }


def test_every_route_is_reached_with_complete_requests() -> None:
    deployment = read_deployment(ROOT / "template.yaml", PARAMETERS)
    for route in deployment.routes:
        found = behaviour(f"/{deployment.stage}{route.resource}")
        assert found["TargetOriginId"] == "api"
        assert route.method in {*found["AllowedMethods"]}
        assert found["ViewerProtocolPolicy"] == "https-only", "tokens are always encrypted"
        assert found["OriginRequestPolicyId"] == ALL_VIEWER_EXCEPT_HOST_HEADER
    assert "OriginPath" not in ORIGINS["api"], "redirects keep the stage"


@pytest.mark.parametrize(
    "path",
    ["/", "/posts/a-slug", "/tags/node.js", "/feed.atom", "/sitemap.xml", "/me", "/robots.txt"],
)
def test_pages_and_feeds_come_from_the_api_and_are_cached_as_they_say(path: str) -> None:
    found = behaviour(path)
    assert found == DISTRIBUTION["DefaultCacheBehavior"]
    assert found["CachePolicyId"] == {"Ref": "ApiCaching"}
    assert found["ResponseHeadersPolicyId"] == {"Ref": "SiteHeaders"}
    assert found["ViewerProtocolPolicy"] == "redirect-to-https"
    assert found["Compress"] is True
    assert "AllowedMethods" not in found, "GET and HEAD"
    assert "OriginRequestPolicyId" not in found, "the host is the API's own"
    assert found["TargetOriginId"] == "api-without-its-stage"
    stage = read_deployment(ROOT / "template.yaml", PARAMETERS).stage
    assert ORIGINS["api-without-its-stage"]["OriginPath"] == f"/{stage}"


def test_an_image_of_a_post_is_redirected_by_the_api() -> None:
    found = behaviour("/media/01J")
    assert found["TargetOriginId"] == "api-without-its-stage"
    assert found["CachePolicyId"] == {"Ref": "ApiCaching"}


@pytest.mark.parametrize(
    "path", ["/assets/index-1.js", "/icon.svg", "/favicon.ico", "/preview.png"]
)
def test_files_of_the_app_come_from_its_bucket(path: str) -> None:
    found = behaviour(path)
    assert found["TargetOriginId"] == "app"
    assert found["CachePolicyId"] == CACHING_OPTIMIZED
    assert found["ResponseHeadersPolicyId"] == {"Ref": "SiteHeaders"}


def test_files_of_images_come_from_their_bucket_with_nosniff() -> None:
    key = media_object_key("mfrggzdfmztwq2lknnwg23tpob", "01JDC0000000000000000000M0", "0-960.webp")
    found = behaviour(f"/{key}")
    assert (found["TargetOriginId"], found["CachePolicyId"]) == ("images", CACHING_OPTIMIZED)
    assert found["ResponseHeadersPolicyId"] == {"Ref": "SiteHeaders"}
    assert ORIGINS["images"]["DomainName"] == {"Fn::GetAtt": ["MediaBucket", "RegionalDomainName"]}
    policy = RESOURCES["MediaBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    condition, allowed, _ = policy[1]["Fn::If"]
    assert (condition, allowed["Action"]) == ("HasCdn", "s3:GetObject")
    assert allowed["Resource"] == {"Fn::Sub": "${MediaBucket.Arn}/media/*"}, "uploads stay private"
    variables = RESOURCES["PublicFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["MEDIA_URL"] == {
        "Fn::If": ["ServesImagesByCdn", {"Ref": "SiteUrl"}, {"Ref": "MediaUrl"}]
    }


def test_responses_are_cached_as_they_say_and_never_across_tokens() -> None:
    policy = RESOURCES["ApiCaching"]["Properties"]["CachePolicyConfig"]
    assert (policy["MinTTL"], policy["DefaultTTL"]) == (0, 0), (
        "no-store is respected, and so is a missing header"
    )
    assert policy["MaxTTL"] == 60, "as documented for shared caches"
    key = policy["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["HeadersConfig"]["Headers"] == ["Authorization"]
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": "all"}
    for one in (*DISTRIBUTION["CacheBehaviors"], DISTRIBUTION["DefaultCacheBehavior"]):
        if one["TargetOriginId"] not in ("images", "app"):
            assert one["CachePolicyId"] == {"Ref": "ApiCaching"}


def test_no_error_is_cached_longer_than_it_says() -> None:
    """Otherwise CloudFront caches these status codes for ten seconds."""
    cached = {
        one["ErrorCode"]: one["ErrorCachingMinTTL"] for one in DISTRIBUTION["CustomErrorResponses"]
    }
    assert cached == dict.fromkeys((400, 403, 404, 405, 414, 500, 501, 502, 503, 504), 0)


def test_the_app_is_served_with_the_headers_of_its_build() -> None:
    config = (ROOT / "spa" / "vite.config.ts").read_text()
    expected_headers = [
        # App and API share an origin here, which 'self' names.
        " ".join(line.replace("${api}", "").split())
        for line in re.findall(
            r"^    [`\"]([a-z]+-src [^`\"]*|[a-z]+-[a-z]+ 'none')[`\"],", config, re.M
        )
    ]
    assert len(expected_headers) == 11
    headers = RESOURCES["SiteHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = headers["SecurityHeadersConfig"]
    text, names = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    sent = text.replace("${Media}", "${media}").replace("${Issuer}", "${issuer}")
    assert [one.strip() for one in sent.split(";")] == expected_headers
    assert names.keys() == {"Media", "Issuer"}
    assert f'"{security["ReferrerPolicy"]["ReferrerPolicy"]}"' in config
    assert security["ContentTypeOptions"] == {"Override": True}
    assert security["ContentSecurityPolicy"]["Override"] is True, "the API's policy knows no app"
    assert security["ReferrerPolicy"]["Override"] is False, "a page may be stricter"


def test_the_local_stack_sends_the_same_headers_without_a_build() -> None:
    api, media, issuer = (f"https://{name}.example" for name in ("api", "media", "issuer"))
    found = site_headers(
        {
            "VITE_API_URL": f"{api}/v1",
            "VITE_MEDIA_ORIGIN": media,
            "VITE_AUTH0_DOMAIN": "issuer.example",
        }
    )
    headers = RESOURCES["SiteHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]
    security = headers["SecurityHeadersConfig"]
    text, _ = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    # App and API share an origin on AWS, which 'self' names.
    policy = found["Content-Security-Policy"].replace(f" {api}", "")
    assert policy == text.replace("${Media}", media).replace("${Issuer}", issuer)
    assert found["Referrer-Policy"] == security["ReferrerPolicy"]["ReferrerPolicy"]
    assert found["X-Content-Type-Options"] == "nosniff"


def test_only_cloudfront_reads_the_apps_bucket() -> None:
    properties = RESOURCES["SiteBucket"]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    *allowed, denied = RESOURCES["SiteBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for one in allowed:
        assert one["Principal"] == {"Service": "cloudfront.amazonaws.com"}
        source = one["Condition"]["StringEquals"]["aws:SourceArn"]["Fn::Sub"]
        assert source.endswith(":distribution/${Distribution}")
