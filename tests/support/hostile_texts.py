"""Texts that take much time or memory in Markdown parsers or HTML sanitisers, by size in KiB.

From the pathological tests of cmark-gfm, commonmark.js, markdown-it, pulldown-cmark and comrak, and
from what was found here.
"""

import math
from collections.abc import Callable


def filled(piece: str, kib: int) -> str:
    """Repeat a piece to this length in characters, without cutting one."""
    return piece * (kib * 1024 // len(piece))


def nested(opened: str, closed: str, kib: int) -> str:
    count = kib * 1024 // len(opened + closed)
    return opened * count + closed * count


def _headed(head: str, piece: str) -> Callable[[int], str]:
    return lambda kib: head + filled(piece, kib)


def _repeated(piece: str) -> Callable[[int], str]:
    return lambda kib: filled(piece, kib)


PATTERNS: dict[str, Callable[[int], str]] = {
    "colons": _repeated(":\n"),
    "a long reference, used often": lambda kib: (
        "[a]: https://a.example/" + "u" * (kib * 512 - 32) + "\n\n" + filled("[a] ", kib // 2)
    ),
    "a long title, used often": lambda kib: (
        "[a]: b '" + "u" * (kib * 512 - 32) + "'\n\n" + filled("[a] ", kib // 2)
    ),
    "many references": lambda kib: "".join(f"[{n}]: b\n[{n}]\n\n" for n in range(kib * 70)),
    "a footnote, used often": _headed("[^1]: x\n\n", "[^1]"),
    "many footnotes": lambda kib: "".join(f"[^{n}]: a[^{n + 1}]\n\n" for n in range(kib * 50)),
    "quote marks": _repeated(">"),
    "nested quotes": _repeated("> > > > > > > > > > a\n"),
    "quotes that go on": lambda kib: filled("> ", kib // 2) + "\n" + filled("a\n", kib // 2),
    "lists in a line": _repeated("- "),
    "nested lists": _repeated("- - - - - - a\n"),
    "indented lists": lambda kib: "".join(
        " " * n + "- a\n" for n in range(int(math.sqrt(kib * 2000)))
    ),
    "numbered lists": lambda kib: "".join(f"{n}. a\n" for n in range(kib * 100)),
    "nested links": lambda kib: nested("[", "](a)", kib),
    "nested images": lambda kib: nested("![", "](a)", kib),
    "open brackets": _repeated("["),
    "open images": _repeated("!["),
    "brackets and marks": _repeated("[a_"),
    "open destinations": _repeated("[a](b"),
    "open destinations with a sign": _repeated("[a](<b"),
    "nested emphasis": lambda kib: nested("*a **a ", " a** a*", kib),
    "open emphasis": _repeated("*a _b "),
    "closed emphasis": _repeated("a_ "),
    "emphasis of every kind": _repeated("**x* _y__ ~z~~ "),
    "asterisks": _repeated("*"),
    "underscores and asterisks": _repeated("a**b" + "c* "),
    "strikethrough": _repeated("~~a ~b "),
    "backticks of every length": lambda kib: "".join(
        "a" + "`" * n for n in range(1, int(math.sqrt(kib * 2000)))
    )[: kib * 1024],
    "open code": _repeated("a `"),
    "addresses without an end": _repeated("http://a.b/?("),
    "addresses side by side": _repeated("http://a/,http://a/; "),
    "brackets after an address": lambda kib: "http://a.b/" + ")" * (kib * 1024),
    "e-mail addresses": _repeated("a@b.c-"),
    "parts of e-mail addresses": _repeated("a.b+c_d-@"),
    "many www": _repeated("www."),
    "a wide table": lambda kib: filled("|a", kib // 2) + "\n" + filled("|-", kib // 2),
    "a table of short rows": lambda kib: (
        filled("|a", kib // 4) + "\n" + filled("|-", kib // 4) + "\n" + filled("|a|\n", kib // 2)
    ),
    "many small tables": _repeated("|a|b|\n|-|-|\n|c|d|\n\n"),
    "rows of dashes": _repeated("|-|-|-|\n"),
    "dashes and a pipe": lambda kib: "- " * (kib * 512) + "x|",
    "character references": _repeated("&amp;&lt;&#35;"),
    "signs": _repeated('"&<'),
    "headings": _repeated("# a\n"),
    "underlined headings": _repeated("a\n=\n"),
    "alerts": _repeated("> [!NOTE]\n> a\n\n"),
    "fences": _repeated("```\na\n"),
    "open elements": _repeated("<div>"),
    "open formatting": _repeated("<b><i>"),
    "paragraphs of open formatting": _repeated("<b>a\n\n"),
    "formatting in paragraphs": lambda kib: (
        "<p>" + "".join(f"<code class=language-{n}>" for n in range(90)) + filled("<p>x", kib - 4)
    ),
    "formatting in items": lambda kib: (
        "<ul><li>"
        + "".join(f"<code class=language-{n}>" for n in range(90))
        + filled("<li>x", kib - 4)
    ),
    "formatting and quotes": lambda kib: (
        "<p>" + "<em>" * 90 + filled("<blockquote>x</blockquote><p>y", kib - 4)
    ),
    "a long name of an element": lambda kib: "<div>\n<" + "a" * (kib * 1024),
    "a long name of an attribute": lambda kib: "<div>\n<abbr " + "a" * (kib * 1024),
    "white space in a tag": lambda kib: "<abbr a" + " " * (kib * 1024) + ">",
    "open tables": _repeated("<table>a"),
    "links in links": _repeated("<a href=b>"),
    "attributes": lambda kib: "<abbr " + filled("a=b ", kib) + ">a</abbr>",
    "open quotes": _repeated('<a b="'),
    "open comments": _repeated("a <!-- "),
    "open declarations": _repeated("a <! <? <![CDATA[ "),
    "open scripts": _repeated("<script>a "),
    "closed elements": _repeated("</div></b>"),
    "less than": _repeated("a<"),
    "backslashes": _repeated("\\"),
    "tabs": _repeated("\t"),
    "hard breaks": _repeated("a  \n"),
    "empty links": _repeated("[](a)"),
    "long words": _repeated("a"),
    "ideographs": _repeated("\u6f22\u3002"),
    "flags": _repeated("\U0001f1e9"),
    "marks": _repeated("\u0301"),
}
