"""The rendering of a body: harmless HTML of bounded size, an excerpt, and the reading time."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from blog.errors import Unprocessable
from blog.posts.markup import MAX_HTML
from blog.posts.rendering import EXCERPT_CHARACTERS, rendered, rendered_comment
from tests.support.hostile_texts import PATTERNS
from tests.support.html import dangers, elements
from tests.support.xss import CORPUS, PIECES, REFUSED, SPOOFED

BACKSLASH = "\\"
IMAGE_PIECES = [
    "<img ", "src=", 'src="', "alt='", "title=", "width=1 ", "height=2 ", "loading=eager ", "decoding=sync ",
    "referrerpolicy=origin ", "srcset=", "/media/01JDC0000000000000000000M0", "https://a.example ", "http:", "//",
    "/\\", "data:,", "![", "](", ")", "<a href=x>", "</a>",
]  # fmt: skip
LINK = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("", ""),
        ("# Title\n\n*a* **b** `c`", '<h1 id="user-content-title">Title</h1>\n<p><em>a</em> <strong>b</strong> <code>c</code></p>\n'),
        ("a  \nb\nc", "<p>a<br>\nb\nc</p>\n"),
        ("~~gone~~", "<p><del>gone</del></p>\n"),
        ("> q\n\n---", "<blockquote>\n<p>q</p>\n</blockquote>\n<hr>\n"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
        ("- a\n  - b", "<ul>\n<li>a\n<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n"),
        ("```c#\nint x;\n```", '<pre><code class="language-c#">int x;\n</code></pre>\n'),
        ("    code", "<pre><code>code\n</code></pre>\n"),
        ("[a](https://b.example 't')", f'<p><a href="https://b.example" title="t" {LINK}>a</a></p>\n'),
        ("[a](/posts/b)", f'<p><a href="/posts/b" {LINK}>a</a></p>\n'),
        ("[a][r]\n\n[r]: https://b.example", f'<p><a href="https://b.example" {LINK}>a</a></p>\n'),
        ("<https://b.example>", f'<p><a href="https://b.example" {LINK}>https://b.example</a></p>\n'),
        ("see https://b.example/c_d_e?f=g.", f'<p>see <a href="https://b.example/c_d_e?f=g" {LINK}>https://b.example/c_d_e?f=g</a>.</p>\n'),
        ("posts.py, www.b.example", f'<p>posts.py, <a href="http://www.b.example" {LINK}>www.b.example</a></p>\n'),
        ("ask a@b.example", f'<p>ask <a href="mailto:a@b.example" {LINK}>a@b.example</a></p>\n'),
        ("![alt *x*](https://b.example/c.png)", '<p><img src="https://b.example/c.png" alt="alt x" loading="lazy" decoding="async" referrerpolicy="no-referrer"></p>\n'),
        ("<b>raw</b> &amp; &lt;", "<p><strong>raw</strong> &amp; &lt;</p>\n"),
        ("- [x] done\n- [ ] to do", '<ul>\n<li><input type="checkbox" checked="" disabled=""> done</li>\n<li><input type="checkbox" disabled=""> to do</li>\n</ul>\n'),
        ("**\uff08a\uff09**b", "<p><strong>\uff08a\uff09</strong>b</p>\n"),
    ],
)  # fmt: skip
def test_markdown_becomes_html(body: str, html: str) -> None:
    assert rendered(body).html == html


def test_a_table_keeps_its_alignment_without_styles() -> None:
    html = rendered("| a | b | c |\n|:-:|--:|---|\n| 1 | 2 | 3 |").html
    assert '<th align="center">a</th>\n<th align="right">b</th>\n<th>c</th>' in html
    assert '<td align="center">1</td>' in html
    assert "style" not in html


def test_a_footnote_links_to_its_note_and_back() -> None:
    found = elements(rendered("a[^x] b[^x] c[^\u00e9]\n\n[^x]: note\n\n[^\u00e9]: other").html)
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    targets = [attributes["href"].removeprefix("#") for tag, attributes in found if tag == "a"]
    assert len(ids) == len(set(ids)) == 5
    assert set(targets) == set(ids)


@pytest.mark.parametrize("attack", [*CORPUS, *REFUSED])
def test_an_attack_is_harmless(attack: str) -> None:
    assert list(dangers(rendered(attack).html)) == []


@pytest.mark.parametrize("attack", [*CORPUS, *REFUSED])
def test_an_attack_in_a_comment_is_harmless_or_refused(attack: str) -> None:
    with suppress(Unprocessable):
        assert list(dangers(rendered_comment(attack), is_comment=True)) == []


@pytest.mark.parametrize("html", SPOOFED)
def test_nobody_can_type_a_footnote_or_an_alert_as_html(html: str) -> None:
    for _, attributes in elements(rendered(html).html):
        assert not {"id", "class", "aria-label"} & attributes.keys()


# The canonical form of an image. In an attribute of another element, no `"` follows `<img src=`.
IMAGE = re.compile(
    r'<img(?: src="(?P<src>[^"<>]*)")?(?: alt="[^"<>]*")?(?: title="[^"<>]*")?(?: width="[0-9]{1,4}")?'
    r'(?: height="[0-9]{1,4}")? loading="lazy" decoding="async"(?P<remote> referrerpolicy="no-referrer")?>'
)


def assert_images_are_canonical(body: str) -> None:
    html = rendered(body).html
    found = [*IMAGE.finditer(html)]
    assert len(found) == html.count("<img") == [tag for tag, _ in elements(html)].count("img")
    for image in found:
        source = image["src"] or ""
        assert source.startswith("https://") == bool(image["remote"])


@pytest.mark.parametrize("body", [
    *CORPUS, *REFUSED, *SPOOFED,
    "<a title='<img src=' href='/media/01JDC0000000000000000000M0'>a</a>",
    "<img alt='<img src=\"/media/01JDC0000000000000000000M0\">' src=/x>",
    "<img title='\" src=\"/y' alt='&quot; loading=&quot;eager' src='/x\"onerror=\"z'>",
    "<img width=1 WIDTH=2 src=/x src=/y SRC=/z alt alt=a height=3 title=>",
    "<img/src=https://a.example/&quot;&gt;/alt=a><image src=x><img =a src = b>",
])  # fmt: skip
def test_the_tag_of_an_image_has_one_form(body: str) -> None:
    assert_images_are_canonical(body)


@given(st.lists(st.sampled_from([*PIECES, *IMAGE_PIECES]), max_size=12).map("".join))
def test_no_text_gives_the_tag_of_an_image_another_form(body: str) -> None:
    with suppress(Unprocessable):
        assert_images_are_canonical(body)


def test_the_corpus_is_large_and_the_check_finds_dangerous_html() -> None:
    assert len({*CORPUS, *REFUSED}) == len(CORPUS) + len(REFUSED) >= 500
    rel, lazy = "rel='nofollow ugc noopener'", "loading=lazy decoding=async"
    back = f"class=footnote-backref {rel}"
    dangerous = (
        "<script>",
        "<b onclick=x>",
        f"<a href=' java\tscript:x' {rel}>",
        "<!-- x -->",
        "<p style=x>",
        "<a href=x>",
        f"<a href=x href=y {rel}>",
        f"<a href=x {rel} target=_top>",
        f"<img src=data:x {lazy}>",
        f"<img src=http://a.example {lazy}>",
        f"<img src=//a.example {lazy}>",
        f"<img src='/\t\\a.example' {lazy}>",
        f"<img src=x srcset=y {lazy}>",
        f"<img src=x referrerpolicy=origin {lazy}>",
        "<img src=x loading=eager decoding=async>",
        "<img src=x>",
        f"<img width=1e9 {lazy}>",
        f"<img width=\u0663 {lazy}>",
        f"<img name=body {lazy}>",
        "<ol start=-1>",
        "<td colspan=100>",
        "<td align=justify>",
        "<h1 id=x>",
        "<h1 id='user-content-a.b'>",
        "<li id=user-content-x>",
        f"<a id=user-content-fn-1 {rel}>",
        "<p id=user-content-x>",
        "<p class=danger>",
        "<code class='language-js danger'>",
        "<div class=markdown-alert-note>",
        "<section class='footnotes danger'>",
        f"<a href=https://a.example {back} aria-label='Back to reference 1'>",
        f"<a href=#user-content-fnref-1 {back} aria-label='Log in'>",
        f"<a href=#user-content-fnref-1 {back}>",
        "<input type=checkbox>",
        "<input type=chec\u212abox disabled>",
        "<input disabled>",
    )
    for html in dangerous:
        assert list(dangers(html)), html
    of_posts = (
        "<h1>",
        f"<img src=x {lazy}>",
        "<hr>",
        "<details>",
        "<li id=user-content-fn-1>",
        "<sup class=footnote-ref>",
        "<p class=markdown-alert-title>",
        "<input type=checkbox disabled>",
    )
    for html in of_posts:
        assert list(dangers(html)) == [], html
        assert list(dangers(html, is_comment=True)), html


@given(st.text(alphabet="[]()<>!*_`~|-:\\\"'\n &#^ahttps://.x1", max_size=60))
def test_no_text_renders_to_dangerous_html(body: str) -> None:
    assert list(dangers(rendered(body).html)) == []


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_parts_of_attacks_render_to_dangerous_html(body: str) -> None:
    with suppress(Unprocessable):
        assert list(dangers(rendered(body).html)) == []
    with suppress(Unprocessable):
        assert list(dangers(rendered_comment(body), is_comment=True)) == []


@given(st.text(max_size=80))
def test_rendered_html_contains_only_xml_characters(body: str) -> None:
    content = rendered(body + "&#12;&#x1;&#xFFFE;")
    for text in (content.html, content.excerpt):
        assert not {c for c in text if ord(c) < 32 and c not in "\t\n\r"} - set(body)
        assert "\x0c" not in text


@pytest.mark.parametrize(
    "long",
    [
        "[](a)" * 40_000,
        '"&<' * 80_000,
        "<https://a>" * 10_000,
        "<kbd>a</kbd>" * 18_000 + "*a* " * 40_000,
    ],
)
def test_html_that_is_too_long_is_refused_and_the_field_is_named(long: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        rendered(long)
    (error,) = refused.value.errors
    assert error.field == "body"
    assert "512 KiB" in error.message


@pytest.mark.parametrize("definition", ["[a]: https://a.example/{}", "[a]: b '{}'"])
def test_a_long_reference_that_is_used_often_does_not_multiply(definition: str) -> None:
    """comrak stops to resolve references when they have produced as much text as the body has."""
    body = definition.format("u" * 50_000) + "\n\n" + "[a] " * 12_000
    assert len(rendered(body).html) < 2 * len(body)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_hostile_text_is_rendered_or_refused(pattern: str) -> None:
    """Deep nesting neither exhausts the stack nor exceeds the limit."""
    try:
        assert len(to_json(rendered(PATTERNS[pattern](100)).html)) <= MAX_HTML
    except Unprocessable as refused:
        assert refused.errors[0].field == "body"


def test_the_limit_counts_bytes_in_json_and_the_additions_of_the_sanitiser() -> None:
    assert rendered("é" * 130_000).html
    with pytest.raises(Unprocessable):
        rendered("<https://a>" * 10_000)
    rendered(f"    {BACKSLASH * 262_000}")  # each has two bytes in JSON
    with pytest.raises(Unprocessable):
        rendered(f"    {BACKSLASH * 262_140}")


def test_a_long_excerpt_ends_between_words() -> None:
    excerpt = rendered("word " * 100).excerpt
    assert len(excerpt) <= EXCERPT_CHARACTERS
    assert excerpt.endswith("word\u2026")
    assert len(rendered("x" * 1000).excerpt) == EXCERPT_CHARACTERS
    assert rendered("x" * EXCERPT_CHARACTERS).excerpt == "x" * EXCERPT_CHARACTERS


@pytest.mark.parametrize(
    ("body", "minutes"),
    [
        ("", 1),
        ("word " * 230, 1),
        ("word " * 690, 3),
        ("語" * 1500, 3),
        ("# a\n\n" + "b " * 460, 2),
    ],
)
def test_reading_minutes_depend_on_the_number_of_words(body: str, minutes: int) -> None:
    assert rendered(body).reading_minutes == minutes


@pytest.mark.parametrize(
    "body",
    ["[x]: https://a.b", "&#8203;", "&ZeroWidthSpace;", "\u2800", "&#x2800;", "[](https://a.b)",
     '[](/a "a > title")', "[](<a%3Eb>)", "[&#8203;](https://a.b)", "\u200b\u200d", "&#x3164;", "&#x202e;",
     "&shy;", "&#xE0041;", ">", "```\n```", "-", "&nbsp;", "**&#8203;**", "<br>", "&#12;", "![](x)", "<!-- a -->",
     "<script>a</script>", "---"],
)  # fmt: skip
def test_a_comment_without_visible_text_is_refused(body: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        rendered_comment(body)
    (error,) = refused.value.errors
    assert error.field == "body"
    assert "visible" in error.message


@pytest.mark.parametrize(
    "body",
    ["a", "\U0001f44d", "\U0001fae9", "&lt;", "`code`", "```\ncode\n```", "\u0627\u200f", "![a](x)", "<x", "1 < 2"],
)  # fmt: skip
def test_a_comment_with_visible_text_is_rendered(body: str) -> None:
    assert rendered_comment(body)


def test_a_derived_excerpt_keeps_its_direction() -> None:
    assert rendered("a \u202eb\u2067 c&#x202d;").excerpt == "a b c"


@pytest.mark.parametrize(
    "body",
    [
        "<h1>a<table><h1>b</table></h1>",
        "<h1>a<h2>b</h2>c</h1>",
        "<h3>a<table><tr><td><h2>b</h2></td></tr></table></h3>",
        "<h2><em>a<h3>b</h3></em></h2>",
        "<h1>a<blockquote><h2>b</h2></blockquote></h1>",
        "<h1>a<ul><li><h2>b</h2></ul></h1>",
    ],
)
def test_no_heading_is_inside_of_another(body: str) -> None:
    html = rendered(body).html
    assert len(re.findall("<h[1-6]", html)) == 2
    assert not re.search(r"<h[1-6][ >](?:(?!</h[1-6]>).)*<h[1-6][ >]", html, re.S), html
