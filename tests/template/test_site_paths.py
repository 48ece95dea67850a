"""The paths of the site: CloudFront and the local stack lead each to the same place.

The function that CloudFront runs before its default behaviour runs here under Node.js, with events
as CloudFront makes them (its developer guide, *CloudFront Functions event structure*).
"""

import json
import shutil
import subprocess
from pathlib import PurePosixPath
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from devserver.site_paths import BEHAVIOURS, NOT_FOUND, Kind, Target, target
from tests.support.samples import ROOT

RESOURCES = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
DISTRIBUTION: dict[str, Any] = RESOURCES["Distribution"]["Properties"]["DistributionConfig"]
FUNCTION = RESOURCES["SitePaths"]["Properties"]
ID = "01JDC0000000000000000000M0"

PAGES = {
    "/": "/pages",
    "/posts/a-slug": "/pages/posts/a-slug",
    "/posts/a-slug/": "/pages/posts/a-slug/",
    "/posts/A%20b": "/pages/posts/A%20b",
    "/posts/%E0": "/pages/posts/%E0",
    "/posts/feed": "/pages/posts/feed",
    "/posts/feed.atom": "/pages/posts/feed.atom",
    "/posts/a/feed.atom": "/pages/posts/a/feed.atom",
    "/feed.atom/x": "/pages/feed.atom/x",
    "/feed.atom/": "/pages/feed.atom/",
    "/feed.atomic": "/pages/feed.atomic",
    "/Feed.atom": "/pages/Feed.atom",
    "/feedXatom": "/pages/feedXatom",
    "/feed%2Eatom": "/pages/feed%2Eatom",
    "/%66eed.atom": "/pages/%66eed.atom",
    "/feed.atom%00": "/pages/feed.atom%00",
    "/xfeed.atom": "/pages/xfeed.atom",
    "/tags": "/pages/tags",
    "/tags/node.js": "/pages/tags/node.js",
    "/tags/c%23": "/pages/tags/c%23",
    "/tags/c++": "/pages/tags/c++",
    "/tags/%E0%A4%B9%E0%A4%BF": "/pages/tags/%E0%A4%B9%E0%A4%BF",
    "/tags/日本語": "/pages/tags/日本語",
    "/tags/a%2Fb": "/pages/tags/a%2Fb",
    "/tags/feed.atom": "/pages/tags/feed.atom",
    "/tags/icon.svg": "/pages/tags/icon.svg",
    "/tags/...": "/pages/tags/...",
    "/tags/.net": "/pages/tags/.net",
    "/tags/a.%20": "/pages/tags/a.%20",
    "/tags/a/b/feed.json": "/pages/tags/a/b/feed.json",
    "/tags//": NOT_FOUND,
    "/authors/mfrggzdfmztwq2lknnwg23tpob": "/pages/authors/mfrggzdfmztwq2lknnwg23tpob",
    "/me": "/pages/me",
    "/me/posts/new": "/pages/me/posts/new",
    "/callback": "/pages/callback",
    "/search": "/pages/search",
    "/previews/x": "/pages/previews/x",
    "/pages": "/pages/pages",
    "/pages/posts/a": "/pages/pages/posts/a",
    "/v1": "/pages/v1",
    "/V1/posts": "/pages/V1/posts",
    "/v2/posts": "/pages/v2/posts",
    "/media": "/pages/media",
    "/assets": "/pages/assets",
    "/index.html": "/pages/index.html",
    "/headers.json": "/pages/headers.json",
    "/robots.txt": "/pages/robots.txt",
    "/site.webmanifest": "/pages/site.webmanifest",
    "/style.css": "/pages/style.css",
    "/.well-known/security.txt": "/pages/.well-known/security.txt",
    "/.env": "/pages/.env",
    "/icons.svg": "/pages/icons.svg",
    "/x/favicon.ico": "/pages/x/favicon.ico",
    "/sitemap.xml.gz": "/pages/sitemap.xml.gz",
    "/x/sitemap.xml": "/pages/x/sitemap.xml",
    "/constructor": "/pages/constructor",
    "/$&/$1": "/pages/$&/$1",
}
AMBIGUOUS = (
    "//", "//evil.example/x", "/posts//a", "/posts/a//", "/..", "/.", "/./", "/../v1/me",
    "/posts/../../v1/me", "/posts/./a", "/%2e%2e/v1/me", "/%2E%2e/x", "/.%2e/x", "/%2e./x",
    "/%2e", "/posts/%2e%2e%2fa", "/posts/..%2Fa", "/posts%2f..%2fa", "/posts%2F%2Fa",
    "/posts/..%5ca", "/posts/%5c", "/posts\\..\\a", "/\\evil.example", "/tags/%2e%2e/feed.atom",
    "/tags/a%2F%2e%2e/feed.atom", "//feed.atom", "/v1/../me", "/v1//posts", "/assets/../x",
    "/assets/%2e%2e/index.html", "/media//a", "/icon./../x",
)  # fmt: skip
FEEDS = (
    "/feed.atom", "/feed.json", "/tags/c%23/feed.atom", "/tags/node.js/feed.json",
    "/tags/日本語/feed.atom", "/tags/a%2Fb/feed.atom", "/tags/feed.atom/feed.atom",
    "/authors/mfrggzdfmztwq2lknnwg23tpob/feed.json", "/sitemap.xml",
)  # fmt: skip
BY_BEHAVIOUR = {
    "/v1/": Kind.API,
    "/v1/posts": Kind.API,
    "/v1/feed.atom": Kind.API,
    "/v1/pages/posts/a": Kind.API,
    f"/media/mfrggzdfmztwq2lknnwg23tpob/{ID}/0-960.webp": Kind.IMAGES,
    f"/media/{ID}": Kind.ROUTE,
    "/media/": Kind.ROUTE,
    "/media/a/b": Kind.ROUTE,
    "/assets/index-B1.js": Kind.FILES,
    "/assets/": Kind.FILES,
    "/assets/a/feed.atom": Kind.FILES,
    "/icon.svg": Kind.FILES,
    "/favicon.ico": Kind.FILES,
    "/preview.png": Kind.FILES,
}
# What a page gets of a query.
QUERIES = {
    "": "",
    "cursor=abc-_": "cursor=abc-_",
    "utm_source=x": "",
    "utm_source=x&cursor=abc&fbclid=1": "cursor=abc",
    "cursor=a&cursor=b": "cursor=a",
    "cursor": "cursor=",
    "cursor=": "cursor=",
    "cursor=a%26b=c": "cursor=a%26b=c",
    "cursor=a+b%20c": "cursor=a+b%20c",
    "Cursor=a": "",
    "%63ursor=a": "",
    "cursors=a": "",
    "=a&&&cursor=b": "cursor=b",
    "__proto__=a&constructor=b&cursor=c": "cursor=c",
    "limit=100&tag=x": "",
}


def run(requests: list[tuple[str, str]], headers: dict[str, str] | None = None) -> list[Any]:
    """Run CloudFront's function for these paths and queries; return the requests it leaves."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("CloudFront's function runs under Node.js: see https://nodejs.org")
    program = f"""{FUNCTION["FunctionCode"]}
        const results = JSON.parse(process.argv[1]).map(([uri, querystring, headers]) =>
            handler({{request: {{method: 'GET', uri, querystring, headers, cookies: {{}}}}}}));
        console.log(JSON.stringify(results));"""
    fields = {name: {"value": value} for name, value in (headers or {}).items()}
    events = [[path, parameters(query), fields] for path, query in requests]
    command = [node, "-e", program, "--", json.dumps(events)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[Any] = json.loads(result.stdout)
    return found


def parameters(query: str) -> dict[str, Any]:
    """Return a query as CloudFront's event has it: encoded, with the first value of each name."""
    values: dict[str, list[str]] = {}
    for one in filter(None, query.split("&")):
        name, _, value = one.partition("=")
        values.setdefault(name, []).append(value)
    return {
        name: {"value": first, **({"multiValue": [{"value": v} for v in all_]} if rest else {})}
        for name, all_ in values.items()
        for first, *rest in [all_]
    }


def passed_on(request: Any) -> tuple[str, str]:
    """Return the path and query that CloudFront sends to the origin for a request of an event."""
    query = "&".join(
        f"{name}={value['value']}"
        for name, one in request["querystring"].items()
        for value in one.get("multiValue", [one])
    )
    return request["uri"], query


def test_the_local_stack_has_the_behaviours_of_the_distribution() -> None:
    origins = {Kind.ROUTE: "api-without-its-stage"}
    declared = [
        (one["PathPattern"], one["TargetOriginId"]) for one in DISTRIBUTION["CacheBehaviors"]
    ]
    assert declared == [(path, origins.get(kind, kind.value)) for path, kind in BEHAVIOURS]
    default = DISTRIBUTION["DefaultCacheBehavior"]
    assert default["TargetOriginId"] == "api-without-its-stage"
    (association,) = default["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"
    assert not any("FunctionAssociations" in one for one in DISTRIBUTION["CacheBehaviors"])


def test_paths_of_a_behaviour_stay_as_they_are() -> None:
    for path, kind in BY_BEHAVIOUR.items():
        assert target(path, "w=960&w=1") == Target(kind, path, "w=960&w=1"), path


def test_every_other_path_leads_to_the_same_route_of_the_api() -> None:
    query = "utm_source=x&cursor=c"
    expected = {
        **{path: Target(Kind.PAGE, page, "cursor=c") for path, page in PAGES.items()},
        **dict.fromkeys(AMBIGUOUS, Target(Kind.PAGE, NOT_FOUND)),
        **{path: Target(Kind.ROUTE, path, query) for path in FEEDS},
    }
    expected["/tags//"] = Target(Kind.PAGE, NOT_FOUND)
    assert len(expected) >= 90
    left = run([(path, query) for path in expected])
    for (path, wanted), request in zip(expected.items(), left, strict=True):
        assert target(path, query) == wanted, path
        assert passed_on(request) == (wanted.path, wanted.query), path
        assert request["method"] == "GET"


def test_a_page_gets_only_the_parameter_that_it_knows() -> None:
    pages = run([("/tags/a", query) for query in QUERIES])
    for (query, wanted), request in zip(QUERIES.items(), pages, strict=True):
        assert target("/tags/a", query) == Target(Kind.PAGE, "/pages/tags/a", wanted), query
        assert passed_on(request) == ("/pages/tags/a", wanted), query


def test_feeds_and_the_sitemap_get_the_whole_query() -> None:
    queries = ["month=2026-01&part=1&of=4", "cursor=a", "a=1&a=2&b", ""]
    sent = [(path, query) for path in ("/sitemap.xml", "/feed.atom") for query in queries]
    for (path, query), request in zip(sent, run(sent), strict=True):
        assert target(path, query) == Target(Kind.ROUTE, path, query)
        assert request == {
            "method": "GET", "uri": path, "querystring": parameters(query), "headers": {},
            "cookies": {},
        }  # fmt: skip


def test_a_token_never_divides_the_cache_of_pages() -> None:
    headers = {"authorization": "Bearer x", "accept-encoding": "br"}
    for request in run([("/", ""), ("/feed.atom", ""), ("//", "")], headers):
        assert request["headers"] == {"accept-encoding": {"value": "br"}}


def test_the_function_fits_into_cloudfronts_limits_and_runtime() -> None:
    assert len(FUNCTION["FunctionCode"].encode()) < 10 * 1024
    assert FUNCTION["FunctionConfig"]["Runtime"] == "cloudfront-js-2.0"
    for unsupported in ("import ", "require(", "async ", "console.log", "eval(", "=>"):
        assert unsupported not in FUNCTION["FunctionCode"]


def test_every_file_beside_the_build_is_a_file_of_the_site() -> None:
    public = ROOT / "spa" / "public"
    names = [path.relative_to(public).as_posix() for path in public.rglob("*") if path.is_file()]
    assert {"icon.svg", "favicon.ico"} <= {*names}
    for name in names:
        assert target(f"/{PurePosixPath(name)}").kind is Kind.FILES, name
