"""Print docs/cost.md for `make docs`: a month's bill of a blog with a million reads.

With --check it writes nothing, and the exit code says whether the page is up to date. Units and
times come from the table in docs/scaling.md, which `make bench` measured. Alarms, metrics and the
dashboard are counted in the template.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from samtranslator.yaml_helper import yaml_parse

from devserver.template.intrinsics import Resolver
from devserver.template.policies import PARAMETERS
from scripts.docs.pages import ROOT, keep

TARGET = ROOT / "docs" / "cost.md"
LENGTH = "1,500 words"
READ = f"GET /posts/by-slug/{{slug}}, {LENGTH}"
CREATION = f"POST /posts, published, {LENGTH}"
EDIT = f"PATCH /posts/{{id}}, its text, {LENGTH}"
READS = 1_000_000
POSTS = 1_000
EDITS_OF_A_POST = 5
KB_OF_A_PAGE = 22.1  # JSON, uncompressed, as `make bench` measured it
KB_STORED = 32  # a post with its entries and revisions, as `make bench` measured it
KB_OF_AN_IMAGE = 200
MS_OF_A_REDIRECT = 15  # assumed
# AWS bills the initialization of functions since 1 August 2025 (AWS Compute Blog, "AWS Lambda
# standardizes billing for INIT Phase").
SHARE_OF_COLD_STARTS = 0.01  # assumed
MS_OF_A_COLD_START = 341  # the slowest function in the table of docs/scaling.md
KB_OF_LOG = 1.2  # per request: one line of the function, three of Lambda, one of the access log
TOKENS_TO_VERIFY = POSTS * (1 + EDITS_OF_A_POST)  # at most: a decision is cached for 5 minutes
HIT_SHARE = 0.9  # of reads that the CDN serves from its cache
# The metrics in the stack's own namespace that are written in most hours. Each value of a dimension
# counts as one metric. Functions write theirs only with Watching=full.
FUNCTION_METRICS = (
    "Decisions allow", "Decisions allow verified", "Decisions deny", "Decisions deny expired",
    "Decisions deny malformed", "Decisions deny opaque", "KeySetFetches ok", "KeySetAge",
    "PublisherLag", "NotPublished", "JobsLeft",
)  # fmt: skip
WATCHING = "essential"  # the default, which the bill is for
MINUTES = 60 * 24 * 30

# USD, us-east-1, on demand, 2026, without any free tier.
API_REQUEST = 3.50e-6
LAMBDA_REQUEST = 0.20e-6
GB_SECOND = 0.0000133334
READ_UNIT = 0.125e-6
WRITE_UNIT = 0.625e-6
GB_OF_TABLE = 0.25 + 0.20  # storage for a month, and point-in-time recovery
GB_OF_BUCKET = 0.023
UPLOAD = 2 * 5.00e-6 + 2 * 0.40e-6  # upload, check and copy
OBJECT_READ = 0.40e-6
GB_OF_LOG = 0.50
GB_OUT = 0.09
CDN_REQUEST = 1.00e-6
CDN_GB = 0.085
ALARM_METRIC = 0.10
DASHBOARD = 3.00
CUSTOM_METRIC = 0.30
TRACE = 5.00e-6
TRACED_SHARE = 0.05
SNAPSHOT_GB_SECOND = 0.0000015046
SNAPSHOT_GB_RESTORED = 0.0001397998
MEGABYTES = 512  # of a function, unless the template says otherwise

HEADING = """# What a month costs

The bill of a blog with {reads:,} reads and {posts:,} new posts a month, each edited {edits} times.
`make docs` prints this page.

- Units and times come from the table in [scaling](scaling.md).
- Alarms, metrics and the dashboard are those of the default, `Watching=essential`.
- AWS bills the initialization of a function. {cold_share:.0%} of the requests are calculated as
  cold starts of {cold_ms} ms each.
- Prices are those of us-east-1 on demand, without any free tier.
- A read is `{read}`: {kb} KB. Compression by a CDN is not counted.
- The CDN serves {share:.0%} of the reads from its cache.
- Each post has one image. Of images, only the price of S3 is counted.
- Storage is that of one month's posts, and adds up: after a year it is twelve times as much.

| USD a month | without a CDN | with a CDN |
| --- | --- | --- |
{rows}

## Watching

| USD a month | `Watching=full` | `Watching=essential` | `Watching=off` |
| --- | --- | --- | --- |
{watching}

With `essential`, the functions still log what they would count, but CloudWatch stores no metrics of
it. The [runbook](runbook.md) says which alarms belong to `essential`.

## What is not in the table

The table does not include the display of images. To show an image of {image} KB a million times
costs {showing:.2f}. Most of this is data that leaves S3: `GET /media/{{media_id}}` redirects to it
unless `MediaUrl` names a CDN for images. Each redirect is calculated as {redirect} ms and one
read unit, and none as cached.

`SnapStart=PublishedVersions` adds {snapshots:.2f} to keep one snapshot of each function, and
{restore:.2f} for a million restores of a snapshot of {megabytes} MB.
"""


class Route(NamedTuple):
    """The capacity units and the GB-seconds of Lambda that one request takes."""

    read_units: float
    write_units: float
    gb_seconds: float

    def price(self) -> tuple[float, float]:
        """Return the prices of DynamoDB and of Lambda, in USD."""
        capacity = self.read_units * READ_UNIT + self.write_units * WRITE_UNIT
        return capacity, LAMBDA_REQUEST + self.gb_seconds * GB_SECOND


_ROW = re.compile(
    r"\| `(?P<route>[^`]+)` \| (?P<reads>[\d.]+) x 0\.125 \+ (?P<writes>[\d.]+) x 0\.625 = \S+ "
    r"\| 0\.20 \+ (?P<ms>[\d.]+) ms x (?P<gb>[\d.]+) GB"
)


def routes() -> dict[str, Route]:
    """Read the routes of the table in docs/scaling.md."""
    text = (ROOT / "docs" / "scaling.md").read_text()
    return {
        row["route"]: Route(
            float(row["reads"]), float(row["writes"]), float(row["ms"]) / 1000 * float(row["gb"])
        )
        for row in _ROW.finditer(text)
    }


def _resources(kind: str, watching: str = WATCHING) -> list[dict[str, Any]]:
    """Return the properties of all resources of a kind that a stack with Watching=watching has."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    resolver = Resolver(template, {**PARAMETERS, "Watching": watching})
    return [
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"].endswith(f"::{kind}") and resolver.holds(one.get("Condition"))
    ]


def watching_parts(watching: str) -> Iterator[tuple[str, int, float]]:
    """Yield the count and the price in USD of alarm metrics, custom metrics and dashboards.

    Alarms are billed by the number of metrics that they watch.
    """
    alarms = _resources("Alarm", watching)
    count = sum(
        sum("MetricStat" in metric for metric in alarm.get("Metrics", [])) or 1 for alarm in alarms
    )
    yield "metrics of alarms", count, count * ALARM_METRIC
    filtered = {
        metric["MetricName"]
        for one in _resources("MetricFilter", watching)
        for metric in one["MetricTransformations"]
    }
    count = len(filtered) + (len(FUNCTION_METRICS) if watching == "full" else 0)
    yield "custom metrics", count, count * CUSTOM_METRIC
    count = len(_resources("Dashboard", watching))
    yield "dashboards", count, count * DASHBOARD


def watching_price(watching: str) -> float:
    """Return the price in USD of alarms, metrics and dashboards for a month."""
    return sum(price for _, _, price in watching_parts(watching))


def snapshots() -> float:
    """Return the price in USD of one snapshot of each function for a month."""
    megabytes: int = sum(one.get("MemorySize", MEGABYTES) for one in _resources("Function"))
    return megabytes / 1024 * MINUTES * 60 * SNAPSHOT_GB_SECOND


def parts(reads: float, *, has_cdn: bool) -> Iterator[tuple[str, float]]:
    """Yield each part of the bill with its price in USD, where `reads` requests reach the API."""
    by_name = routes()
    writes = POSTS * (1 + EDITS_OF_A_POST)
    work = [
        (reads, by_name[READ]),
        (POSTS, by_name[CREATION]),
        (POSTS * EDITS_OF_A_POST, by_name[EDIT]),
    ]
    page = KB_OF_A_PAGE / 1e6
    yield "API Gateway", (reads + writes) * API_REQUEST
    yield "Lambda, the handlers", sum(count * route.price()[1] for count, route in work)
    start = MS_OF_A_COLD_START / 1000 * MEGABYTES / 1024 * GB_SECOND
    yield "Lambda, cold starts", (reads + writes) * SHARE_OF_COLD_STARTS * start
    authorizer = LAMBDA_REQUEST + 0.02 * 0.5 * GB_SECOND
    yield "Lambda, the authorizer", TOKENS_TO_VERIFY * authorizer
    every_minute = LAMBDA_REQUEST + 0.05 * 0.5 * GB_SECOND
    yield "Lambda, publisher and jobs", 2 * MINUTES * every_minute
    yield "DynamoDB, requests", sum(count * route.price()[0] for count, route in work)
    yield "DynamoDB, publisher and jobs", 3 * MINUTES * READ_UNIT
    yield "DynamoDB, storage and backups", POSTS * KB_STORED / 1e6 * GB_OF_TABLE
    yield "S3, an image with each post", POSTS * (UPLOAD + KB_OF_AN_IMAGE / 1e6 * GB_OF_BUCKET)
    yield "CloudWatch, logs", (reads + writes + 2 * MINUTES) * KB_OF_LOG / 1e6 * GB_OF_LOG
    yield "CloudWatch, alarms and metrics", watching_price(WATCHING)
    yield "X-Ray", (reads + writes) * TRACED_SHARE * TRACE
    yield "Data out of API Gateway", 0.0 if has_cdn else reads * page * GB_OUT
    cdn = (READS + writes) * CDN_REQUEST + READS * page * CDN_GB
    yield "CloudFront", cdn if has_cdn else 0.0


def price_of_image_view() -> float:
    """Return the price in USD to show an image once: the redirect and the transfer."""
    redirect = Route(1, 0, MS_OF_A_REDIRECT / 1000 * MEGABYTES / 1024)
    return API_REQUEST + sum(redirect.price()) + OBJECT_READ + KB_OF_AN_IMAGE / 1e6 * GB_OUT


def page() -> str:
    """Return the page as Markdown."""
    without = list(parts(READS, has_cdn=False))
    behind = list(parts(READS * (1 - HIT_SHARE), has_cdn=True))
    rows = [
        f"| {name} | {price:.2f} | {other:.2f} |"
        for (name, price), (_, other) in zip(without, behind, strict=True)
    ]
    sums = [sum(price for _, price in bill) for bill in (without, behind)]
    rows.append(f"| **sum** | **{sums[0]:.2f}** | **{sums[1]:.2f}** |")
    watching = [[*watching_parts(value)] for value in ("full", "essential", "off")]
    watched = [
        f"| {of_all[0][0]} | "
        + " | ".join(f"{count}: {cost:.2f}" for _, count, cost in of_all)
        + " |"
        for of_all in zip(*watching, strict=True)
    ]
    totals = [f"**{sum(price for _, _, price in parts):.2f}**" for parts in watching]
    watched.append(f"| **sum** | {' | '.join(totals)} |")
    return HEADING.format(
        watching="\n".join(watched),
        cold_share=SHARE_OF_COLD_STARTS,
        cold_ms=MS_OF_A_COLD_START,
        reads=READS,
        posts=POSTS,
        edits=EDITS_OF_A_POST,
        read=READ,
        kb=KB_OF_A_PAGE,
        share=HIT_SHARE,
        rows="\n".join(rows),
        image=KB_OF_AN_IMAGE,
        redirect=MS_OF_A_REDIRECT,
        showing=1e6 * price_of_image_view(),
        snapshots=snapshots(),
        restore=1e6 * MEGABYTES / 1024 * SNAPSHOT_GB_RESTORED,
        megabytes=MEGABYTES,
    )


def main() -> int:
    """Write or check the page; return the exit code."""
    return keep(TARGET, page(), "make docs")


if __name__ == "__main__":
    sys.exit(main())
