"""Requests of the pages function, and what its pages say."""

import importlib
import json
from typing import Any

import html5lib
import pytest
from lxml import etree

from blog.dynamodb.table import Table
from blog.pages.app_files import AppFiles
from tests.support.samples import LambdaContext, sample_event

APP = AppFiles(("/assets/index-1.js",), ("/assets/page-1.js",), ("/assets/index-1.css",))


class Reader:
    """Asks the pages function for pages, as a browser does."""

    def __init__(self, table: Table, patched: pytest.MonkeyPatch) -> None:
        app = importlib.import_module("functions.pages.app")
        public = table.for_public()
        for service in (app.pages, app.pages._posts, app.pages._comments, app.pages._profiles):
            patched.setattr(service, "_table", public)
        patched.setattr(app.app_index, "_files", APP)
        self.app = app

    def get(self, address: str, **headers: str) -> dict[str, Any]:
        """Return the function's response for an address of the site."""
        path, _, query = address.partition("?")
        event = sample_event("pages-home")
        event["path"] = f"/pages{path}" if path != "/" else "/pages"
        pairs = [one.partition("=") for one in query.split("&") if one]
        event["queryStringParameters"] = {name: value for name, _, value in pairs} or None
        fields = {name.replace("_", "-"): [value] for name, value in headers.items()}
        event["multiValueHeaders"] = fields
        response: dict[str, Any] = self.app.handler(event, LambdaContext())
        serialised: dict[str, Any] = json.loads(json.dumps(response))
        return serialised

    def page(self, address: str, status: int = 200) -> "PageOf":
        """Return a page, whose HTML must be valid."""
        response = self.get(address)
        assert response["statusCode"] == status, (address, response["statusCode"])
        return PageOf(response["body"])


class PageOf:
    """A parsed page. The parser is the HTML standard's, and accepts no error."""

    def __init__(self, html: str) -> None:
        self.html = html
        parser = html5lib.HTMLParser(
            html5lib.getTreeBuilder("lxml"), strict=True, namespaceHTMLElements=False
        )
        self.root: etree._ElementTree = parser.parse(html)

    def all(self, path: str) -> list[Any]:
        found: list[Any] = self.root.xpath(path)
        return found

    def one(self, path: str) -> Any:
        (found,) = self.all(path)
        return found

    def meta(self, name: str) -> str:
        key = "property" if ":" in name and not name.startswith("twitter") else "name"
        return str(self.one(f"//head/meta[@{key}='{name}']/@content"))

    @property
    def title(self) -> str:
        return str(self.one("//head/title/text()"))

    @property
    def data(self) -> Any:
        """The answers that the app starts from."""
        return json.loads(self.one("//script[@id='page-data']/text()"))

    @property
    def json_ld(self) -> list[Any]:
        return [json.loads(one) for one in self.all("//script[@type='application/ld+json']/text()")]

    @property
    def links(self) -> set[str]:
        """The addresses on this site that the page links."""
        return {str(one) for one in self.all("//a/@href") if str(one).startswith(("/", "?"))}

    @property
    def text(self) -> str:
        return " ".join("".join(self.one("//main").itertext()).split())
