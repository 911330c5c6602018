"""What is told of a product: HTML with few harmless tags, from what people type and files hold."""

import re
from html import unescape

import nh3
from django.utils.html import linebreaks

LONGEST = 60_000
TAGS = set("p br ul ol li b strong i em h3 h4 table tr td th".split())
A_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)
LINE_END = re.compile(r"\s*<br\s*/?>\s*", re.IGNORECASE)
PARAGRAPH_END = re.compile(r"\s*</p>\s*(?:<p>\s*)?", re.IGNORECASE)
PLAIN_TAGS = {"p", "br"}


def as_html(text: str, *, has_entities: bool = False) -> str:
    """Return a description with only harmless tags and no attribute at all.

    Text without any tag keeps its lines and paragraphs; `has_entities`: a file's, where an
    ampersand may be spelt `&amp;`.
    """
    text = text[:LONGEST]
    if A_TAG.search(text):
        return nh3.clean(text, tags=TAGS, attributes={}, link_rel=None)
    text = unescape(text) if has_entities else text
    return linebreaks(text.strip(), autoescape=True) if text.strip() else ""


def as_typed(html: str) -> str:
    """Return a description as somebody would type it: text, where it is no more than paragraphs."""
    found = {
        re.split(r"[\s/>]", tag.strip("</"), maxsplit=1)[0].lower() for tag in A_TAG.findall(html)
    }
    if not found <= PLAIN_TAGS:
        return html
    text = PARAGRAPH_END.sub("\n\n", LINE_END.sub("\n", html))
    return unescape(A_TAG.sub("", text)).strip()
