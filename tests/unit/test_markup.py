"""Test the rewriting of HTML: the elements of authors, ids, footnotes, alerts, and the words."""

from typing import Any

import pytest

from blog.errors import Unprocessable
from blog.posts import markdown
from blog.posts.markup import MAX_HTML
from blog.posts.rendering import rendered, rendered_comment, sanitised
from tests.support.html import elements

LAZY = 'loading="lazy" decoding="async"'
REMOTE = 'referrerpolicy="no-referrer"'
LINK = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("a <kbd>b</kbd> <sub>c</sub> <mark>d</mark>", "<p>a <kbd>b</kbd> <sub>c</sub> <mark>d</mark></p>\n"),
        ("H<sub>2</SUB>O<BR>b", "<p>H<sub>2</sub>O<br>b</p>\n"),
        ('<abbr title="x" id="i" class="c" style="s" name="n">a</abbr>', '<p><abbr title="x">a</abbr></p>\n'),
        ("<b>a</b> <i>b</i>", "<p><strong>a</strong> <em>b</em></p>\n"),
        ("a <!-- unseen --> b", "<p>a  b</p>\n"),
        ("a<!-->b", "<p>ab</p>\n"),
        ("a <script>alert(1)</script>b", "<p>a b</p>\n"),
        ("<font color=red>a</font> <blink>b</blink>", "<p>a b</p>\n"),
        ("Vec<T> and Map<K,V>", "<p>Vec and Map&lt;K,V&gt;</p>\n"),
        ("1 < 2 > 0 && x<y", "<p>1 &lt; 2 &gt; 0 &amp;&amp; x&lt;y</p>\n"),
        ("<p><code>a<p>b", "<p><code>a</code></p><p>b\n</p>"),
        ("<table><tr><td><p><kbd>a<td>b<tr><td>c</table>", "<table><tbody><tr><td><p><kbd>a</kbd></p></td><td>b</td></tr><tr><td>c</td></tr></tbody></table>\n"),
        ("<ul><li><kbd>a<li>b</ul>", "<ul><li><kbd>a</kbd></li><li>b</li></ul>\n"),
        ('<a href="/?a=1&copy=2&amp;b">a</a>', '<p><a href="/?a=1&amp;copy=2&amp;b" rel="nofollow ugc noopener">a</a></p>\n'),
        ("<kbd>a\n\nb", "<p><kbd>a</kbd></p>\n<p>b</p>\n"),
        ("</kbd>a</p></div>", "<p>a</p>\n"),
        ('<input type="checkbox" checked onclick=x> <input type=text>', '<p><input type="checkbox" checked="" disabled=""> </p>\n'),
        ("<details>\n<summary>S</summary>\n\n*a*\n\n</details>", "<details>\n<summary>S</summary>\n<p><em>a</em></p>\n</details>\n"),
        ("<dl><dt>a<dd>b</dl>", "<dl><dt>a</dt><dd>b</dd></dl>\n"),
        ('<img src="https://a.example/b.png" width="20" height="1e9" onerror=x>', f'<img src="https://a.example/b.png" width="20" {LAZY} {REMOTE}>\n'),
        ("<section class=footnotes>a</section>", "a\n"),
        ('<div class="markdown-alert markdown-alert-note">a</div>', "a\n"),
        ("> [!NOTE]\n> a", '<div class="markdown-alert markdown-alert-note">\n<p class="markdown-alert-title">Note</p>\n<p>a</p>\n</div>\n'),
        ("> [!tip] Try *it*\n> a", '<div class="markdown-alert markdown-alert-tip">\n<p class="markdown-alert-title">Try *it*</p>\n<p>a</p>\n</div>\n'),
        ("- > [!NOTE]\n  > a", '<ul>\n<li>\n<div class="markdown-alert markdown-alert-note">\n<p class="markdown-alert-title">Note</p>\n<p>a</p>\n</div>\n</li>\n</ul>\n'),
        ("[!NOTE] and [!note](/a)", '<p>[!NOTE] and <a href="/a" rel="nofollow ugc noopener">!note</a></p>\n'),
        ("```\n> [!NOTE]\n[^a-z]\n```", "<pre><code>&gt; [!NOTE]\n[^a-z]\n</code></pre>\n"),
        ("^[0-9]+$ and [^a-z]", "<p>^[0-9]+$ and [^a-z]</p>\n"),
        ("[Map](https://a.example/_b_) `https://a.example/_b_`", '<p><a href="https://a.example/_b_" rel="nofollow ugc noopener">Map</a> <code>https://a.example/_b_</code></p>\n'),
        ("*https://a.example/b*", '<p><em><a href="https://a.example/b" rel="nofollow ugc noopener">https://a.example/b</a></em></p>\n'),
    ],
)  # fmt: skip
def test_html_of_authors_passes_a_list(body: str, html: str) -> None:
    assert rendered(body).html == html


def test_a_heading_does_not_take_the_id_of_a_footnote() -> None:
    found = elements(rendered("# fn-1\n\n[a](#fn-1) [^1] [^x'y]\n\n[^1]: b\n\n[^x'y]: c").html)
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids)) == 5
    assert "user-content-section-fn-1" in ids


def test_headings_have_the_ids_of_github_with_a_prefix() -> None:
    body = "# Don\u2019t *Panic*, v1.2\n\n## \u80cc\u666f\n\n## \u80cc\u666f\n\n# !\n\nHeading\n===\n\n# \u0939\u093f\u0928\u094d\u0926\u0940"
    ids = [attributes.get("id") for tag, attributes in elements(rendered(body).html) if tag != "em"]
    prefix = "user-content-"
    assert ids == [
        prefix + "dont-panic-v12", prefix + "\u80cc\u666f", prefix + "\u80cc\u666f-1", None,
        prefix + "heading", prefix + "\u0939\u093f\u0928\u094d\u0926\u0940",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("link", "href"),
    [
        ("#next-steps", "#user-content-next-steps"),
        ("#Next-Steps", "#user-content-next-steps"),
        ("#%E8%83%8C%E6%99%AF", "#user-content-\u80cc\u666f"),
        ("#nowhere", "#nowhere"),
        ("/posts/a#next-steps", "/posts/a#next-steps"),
    ],
)
def test_links_within_a_post_lead_to_its_headings(link: str, href: str) -> None:
    html = rendered(f"[a]({link})\n\n# Next steps\n\n# \u80cc\u666f").html
    (found,) = [attributes["href"] for tag, attributes in elements(html) if tag == "a"]
    assert found == href


@pytest.mark.parametrize(
    "html",
    [
        '<li id="fn-1">a</li>', '<h2 id="x" class="y">a</h2>', '<a id="fnref-1" href="#fn-1" data-footnote-ref>1</a>',
        '<sup class="footnote-ref"><a href="#fn-1" id="fnref-1">1</a></sup>', '<a name="x">a</a>',
        '<section class="footnotes" data-footnotes>\n<ol>\n<li id="fn-1">a</li></ol></section>',
        '<p class="markdown-alert-title">a</p>', "<form id=x name=y>a</form>", '<img name="body" src=x>',
        '<li id="user-content-x">a</li>', '<a class="footnote-backref" href="#fnref-1" aria-label="x">a</a>',
    ],
)  # fmt: skip
def test_no_id_name_class_or_style_of_an_author_survives(html: str) -> None:
    for text in (html, f"a {html} b", f"[^1]\n\n[^1]: {html}"):
        found = elements(rendered(text).html)
        genuine = (
            {"user-content-fn-1", "user-content-fnref-1"} if text.startswith("[^1]") else set()
        )
        ids = [attributes["id"] for _, attributes in found if "id" in attributes]
        assert len(ids) == len(set(ids))
        # A heading has an id of its own, from its words.
        assert set(ids) <= genuine | {"user-content-a"}
        for _, attributes in found:
            assert not {"name", "style"} & attributes.keys()
            if not genuine:
                assert "class" not in attributes


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("https://a.example/b.png", "https://a.example/b.png"),
        ("HTTPS://a.example/?b&amp;c", "https://a.example/?b&amp;c"),
        ("//a.example/b.png", "https://a.example/b.png"),
        ("/\\a.example/b.png", "https://a.example/b.png"),
        ("\\\\\\a.example", "https://a.example"),
        ("https:/\\/a.example", "https://a.example"),
        (" https://a.example ", "https://a.example"),
        ("&#9;/&#10;/a.exam&#13;ple", "https://a.example"),
        ("ht&#10;tps://a.example", "https://a.example"),
        ("https://b\u00fccher.example", "https://b\u00fccher.example"),
    ],
)
def test_an_image_of_another_site_stays_and_does_not_tell_it_what_is_read(
    source: str, address: str
) -> None:
    html = rendered(f'<img src="{source}" alt="c">').html
    assert html == f'<img src="{address}" alt="c" {LAZY} {REMOTE}>\n'


@pytest.mark.parametrize(
    "source",
    ["/media/01JDC0000000000000000000M0", "/x.png", "x.png", "x.png?a=b:c", "", "./https://a", "1:a", "\u00e9:a",
     "?//a", "#a", "/a//b"],
)  # fmt: skip
def test_an_image_of_the_site_itself_stays(source: str) -> None:
    assert rendered(f'<img src="{source}">').html == f'<img src="{source}" {LAZY}>\n'


@pytest.mark.parametrize(
    ("image", "html"),
    [
        ("![a *b*](http://c.example/d_e_f.png)", f'<a href="http://c.example/d_e_f.png" {LINK}>a b</a>'),
        ("![](http://c.example/d.png)", f'<a href="http://c.example/d.png" {LINK}>http://c.example/d.png</a>'),
        ("![&#8203;](http://c.example)", f'<a href="http://c.example" {LINK}>http://c.example</a>'),
        ("![a](http://c.example 't')", f'<a href="http://c.example" title="t" {LINK}>a</a>'),
        ("![https://a.example](http://c.example)", f'<a href="http://c.example" {LINK}>https://a.example</a>'),
        ("![<b>](HTTP://c.example/\"'<)", f'<a href="HTTP://c.example/%22\'%3C" {LINK}>&lt;b&gt;</a>'),
        ("![a](mailto:b@c.example)", f'<a href="mailto:b@c.example" {LINK}>a</a>'),
        ("![a](https:b.png)", f'<a href="https:b.png" {LINK}>a</a>'),
        ("![a](data:image/png;base64,AAAA)", "a"),
        ("![](data:image/png;base64,AAAA)", "data:image/png;base64,AAAA"),
        ("![](ftp://c.example/www.d.example)", "ftp://c.example/www.d.example"),
        ("![a](https://c.example:99999/)", "a"),
        ("![](https://[)", "https://%5B"),
        ("![a](&#106;avascript:alert(1))", "a"),
        ("[![a](http://c.example) b](https://d.example)", f'<a href="https://d.example" {LINK}>a b</a>'),
        ("[![](http://c.example)](https://d.example)", f'<a href="https://d.example" {LINK}>http://c.example</a>'),
        ("<a href=/d><b><img src=http://c.example alt=a></b></a>", f'<a href="/d" {LINK}><strong>a</strong></a>'),
        ("[![a](https://c.example)](/d)", f'<a href="/d" {LINK}><img src="https://c.example" alt="a" {LAZY} {REMOTE}></a>'),
    ],
)  # fmt: skip
def test_an_image_that_a_page_may_not_show_becomes_a_link(image: str, html: str) -> None:
    assert rendered(f"x {image} y").html == f"<p>x {html} y</p>\n"


def test_the_words_of_an_image_that_became_a_link_count_as_words() -> None:
    text = rendered("# ![Logo](http://a.example)\n\n![Some words](http://a.example)")
    assert 'id="user-content-logo"' in text.html
    assert text.excerpt == "Some words"


def test_an_image_in_a_link_of_a_comment_leaves_the_link_open() -> None:
    html = rendered_comment("[![a](http://b.example) c](/d)")
    assert html == f'<p><a href="/d" {LINK}>a c</a></p>\n'


@pytest.mark.parametrize(
    "attributes",
    ["loading=eager", "decoding=sync", "referrerpolicy=unsafe-url", "srcset='/y 2x'", "sizes=100vw", "data-color=red",
     "fetchpriority=high crossorigin ismap usemap=#m", "LOADING=EAGER loading=lazy"],
)  # fmt: skip
def test_authors_set_only_what_describes_an_image(attributes: str) -> None:
    html = rendered(f"<img {attributes} height=2 title=t src=/x alt=a width=1>").html
    assert html == f'<img src="/x" alt="a" title="t" width="1" height="2" {LAZY}>\n'


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ('<img src="http://a.example">', "<img>"),
        ('<img src="//a.example">', "<img>"),
        ('<img src=" /\\a.example">', "<img>"),
        ('<img src="/&#10;/a.example">', "<img>"),
        ('<img src="data:,">', "<img>"),
        ('<img src="/x" loading="eager" decoding="sync">', '<img src="/x">'),
        ('<img src="/x" referrerpolicy="origin" srcset="/y 2x">', '<img src="/x">'),
    ],
)
def test_the_sanitiser_alone_takes_what_images_may_not_have(html: str, clean: str) -> None:
    assert sanitised(html) == clean


@pytest.mark.parametrize(
    ("unit", "length"),
    [
        ("![](a)", len(f'<img src="a" alt="" {LAZY}>')),
        ("![](//a)", len(f'<img src="https://a" alt="" {LAZY} {REMOTE}>')),
        ("![](http:a)", len(f'<a href="http:a" {LINK}>http:a</a>')),
    ],
)
def test_what_images_get_counts_before_the_sanitiser(
    unit: str, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sanitiser would need most of the time for a text that is too long afterwards."""
    assert rendered(f"{unit}\n" * (MAX_HTML // (2 * length))).html
    monkeypatch.setattr("blog.posts.rendering.sanitised", pytest.fail)
    with pytest.raises(Unprocessable):
        rendered(f"{unit}\n" * (MAX_HTML // length + 1))


def test_comments_have_neither_headings_nor_images_nor_tables_nor_footnotes() -> None:
    body = "# a\n\n![b](https://a.example/c.png)\n\n|d|\n|-|\n\ne[^1]\n\n[^1]: f\n\n---\n\n<h2 id=g>h</h2>"
    tags = {tag for tag, attributes in elements(rendered_comment(body)) if not attributes.get("id")}
    assert tags == {"p", "a"}


@pytest.mark.parametrize(
    ("body", "excerpt"),
    [
        ("# Title\n\nSome *text* with `code`[^1].\n\n[^1]: Note.", "Some text with code."),
        ("Heading\n---\n\nfirst<br>second\n\n- third", "first second third"),
        ("| a |\n|-|\n| b |\n\ntext <!-- unseen --> <b>here</b>", "text here"),
        ("> [!NOTE]\n> inside\n\nafter", "inside after"),
        ("```\ncode\n```", ""),
        ("## \u80cc\u666f\n\n" + "\u3042" * 300, "\u3042" * 199 + "\u2026"),
        ("\u3042" * 150 + " " + "\u3044" * 150, "\u3042" * 150 + " " + "\u3044" * 48 + "\u2026"),
        ("a" + "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 50, "a" + "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 39 + "\u2026"),
        ("\U0001f1e9\U0001f1ea" * 150, "\U0001f1e9\U0001f1ea" * 99 + "\u2026"),
        ("\u0e01\u0e33" * 150, "\u0e01\u0e33" * 99 + "\u2026"),
        ("e\u0301" * 150, "e\u0301" * 99 + "\u2026"),
    ],
)  # fmt: skip
def test_an_excerpt_is_prose_and_cuts_no_character(body: str, excerpt: str) -> None:
    assert rendered(body).excerpt == excerpt


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (">" * 101 + " a", "100 quotes and lists"),
        ("- " * 101 + "a", "100 quotes and lists"),
        ("<kbd>" * 101, "100 elements"),
        ("*a **a " * 200 + " a** a*" * 200, "100 elements"),
        ("|a" * 200 + "\n" + "|-" * 200 + "\n" + "|a|\n" * 200, "10,000 cells"),
        ("> 1. " + "|a" * 200 + "\n> " + "|:-" * 200 + "\n" + "> |a|\n" * 200, "10,000 cells"),
        ("[^1]" * 1001 + "\n\n[^1]: a", "1,000 footnote marks"),
    ],
)
def test_a_text_that_takes_long_is_refused_with_the_reason(body: str, what: str) -> None:
    for render in (rendered, rendered_comment):
        with pytest.raises(Unprocessable) as refused:
            render(body)
        (error,) = refused.value.errors
        assert (error.field, what in error.message) == ("body", True)


def test_marks_are_never_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    def first(characters: Any) -> Any:
        return characters[0]

    monkeypatch.setattr(markdown, "choice", first)
    body = "> [!tip] Try *it*\n> a_b ~~c~~ [^1]\n\n[^1]: https://a.example/_b_*c"
    usual = rendered(body).html
    monkeypatch.undo()
    assert rendered(body).html == usual
    assert '<p class="markdown-alert-title">Try *it*</p>' in usual


def test_a_body_may_have_all_characters_of_a_private_plane() -> None:
    characters = "".join(map(chr, range(0xF0000, 0xFFFFE)))
    assert rendered(characters).html == f"<p>{characters}</p>\n"
