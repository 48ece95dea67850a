"""The page GET /docs, which shows the OpenAPI document."""

from playwright.sync_api import expect

from tests.e2e.browser.conftest import Visit
from tests.support.stack import Stack


def test_the_page_shows_the_routes_and_calls_one(visit: Visit, stack: Stack) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{stack.api_url}/docs")
    page.locator(".opblock", has_text="/me/posts/{post_id}/revisions").first.wait_for()
    route = page.locator("#operations-Health-getHealth")
    route.get_by_role("button").first.click()
    route.get_by_role("button", name="Try it out").click()
    route.get_by_role("button", name="Execute").click()
    expect(route.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
