"""Every letter and paper in both languages: whole, translated, readable as text, and unwatched."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import allauth
import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.conf import settings
from django.test import RequestFactory
from django.utils import timezone, translation

from affiliates import brandinvoices, passportpaper
from affiliates import documents as accounts
from affiliates.models import BrandInvoice, Collaboration, SelfBill
from config.demo.world import Size
from config.lib.letters import Letter
from creators.models import Creator
from shop import documents, refunds
from shop.models import Brand, BrandOrder, Product
from tests import everywhere, harness, letters, stage, tour
from tests.affiliates.factories import make_user
from tests.papers import words

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parent.parent
LANGUAGES = ("en", "nl")
UNFILLED = re.compile(r"\{\{|\{%|%\(|%[sd]\b|\bNone\b|&(amp|lt|gt|quot|#\w+);|[(<]\w+ object at")
ENGLISH = re.compile(  # no Dutch word is written like one of these
    r"\b(the|you|your|and|with|this|from|have|not|will|has|that|they|their|because)\b", re.I
)
EITHER = re.compile(r"\b(is|of|we|a|to|for|by|it|are|in|on|no)\b", re.I)
PAPERS = {
    "affiliates.documents._self_bill", "affiliates.documents._brand_invoice",
    "affiliates.passportpaper.pdf", "shop.documents._laid_out",
}  # fmt: skip


class Html(HTMLParser):
    """What a mail's second form shows, where it leads, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links, self.fetches, self.language, self.texts, self.hidden = [], [], "", [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        facts = dict(attrs)
        self.language = facts.get("lang", self.language) if tag == "html" else self.language
        self.links += [facts["href"]] if tag == "a" else []
        self.fetches += (
            [tag] if {"src", "srcset", "background"} & set(facts) or tag == "link" else []
        )
        self.hidden += tag in {"style", "title"}

    def handle_endtag(self, tag):
        self.hidden -= tag in {"style", "title"}

    def handle_data(self, data):
        if not self.hidden and data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture
def market():
    """A filled market with an order that went back in part; the parts that letters are about."""
    now = timezone.now()
    harness.fill_market(Size(24, 3, 12, 240))
    creator = Creator.objects.get(user__email=tour.CREATOR)
    brand = Brand.objects.get(memberships__user__email=tour.BRAND)
    facts = stage.fill(creator, brand, everywhere.everybody()[tour.SHOPPER], now)
    part = BrandOrder.objects.select_related("order", "brand").get(pk=facts["order_part"])
    return SimpleNamespace(now=now, creator=creator, brand=brand, part=part)


def names() -> list[str]:
    """What is called the same in every language, the longest first."""
    rows = [Product.objects.values_list("title"), Brand.objects.values_list("name"),
            Creator.objects.values_list("display_name"), Collaboration.objects.values_list("name")]  # fmt: skip
    return sorted({name for found in rows for (name,) in found if name}, key=len, reverse=True)


def left_in_english(texts: dict[str, str], known: Iterable[str]) -> list[str]:
    """Return the lines of the Dutch text that are English, or the same as in the English one."""
    bare = {}
    for language, text in texts.items():
        for name in known:
            text = text.replace(name, "…")
        bare[language] = [line.strip() for line in re.sub(r"https?://\S+", "…", text).splitlines()]
    same = set(bare["en"])
    return [
        line for line in bare["nl"]
        if ENGLISH.search(line) or (line in same and EITHER.search(line) and " " in line)
    ]  # fmt: skip


def flaws(mail, language: str) -> list[str]:
    """Return what is wrong with a letter's form."""
    found, forms = [], [content for content, kind in mail.alternatives if kind == "text/html"]
    if not mail.subject.strip() or "\n" in mail.subject or not mail.body.strip() or len(forms) != 1:
        return [f"subject {mail.subject!r}, {len(mail.body)} characters, {len(forms)} forms"]
    page = Html(forms[0])
    for text in (mail.subject, mail.body, " ".join(page.texts)):
        found += [
            text[max(0, one.start() - 30) : one.end() + 30] for one in UNFILLED.finditer(text)
        ]
    if "<" in mail.body or page.language != language or page.fetches:
        found.append(f"language {page.language}, fetches {page.fetches}, or < in the text")
    found += [
        f"leads to {link}"
        for link in page.links
        if not link.startswith(("https://", "http://", "mailto:"))
    ]
    ours = [
        link
        for link in re.findall(r"https?://\S+", mail.body)
        if link.startswith(settings.SITE_URL)
    ]
    found += [
        f"{link} is not in the second form"
        for link in ours
        if link not in forms[0].replace("&amp;", "&")
    ]
    found += [
        f"watched: {link}" for link in page.links if re.search(r"utm_|[?&](mail|open|c)id=", link)
    ]
    return found


def test_every_letter_and_paper_is_whole_in_both_languages_and_none_is_left_out(market):
    assert papers_in_english(market) == set()
    assert papers() == PAPERS
    writes = list(letters.everything(market.brand, market.creator, market.part, market.now))
    known, wrong, texts = names(), [], defaultdict(dict)
    with Traced() as ran:
        for language in LANGUAGES:
            with translation.override(language):
                for n, write in enumerate(writes):
                    made = write(language)
                    for k, one in enumerate(made if isinstance(made, list) else [made]):
                        mail = one.message() if isinstance(one, Letter) else one
                        wrong += [(mail.subject, flaw) for flaw in flaws(mail, language)]
                        forms = [content for content, _kind in mail.alternatives]
                        texts[n, k][language] = "\n".join(
                            [mail.subject, mail.body, *Html(forms[0]).texts]
                        )
    english = {line for pair in texts.values() for line in left_in_english(pair, known)}

    assert "\n".join(map(str, sorted(set(wrong)))) == ""
    assert "\n".join(map(str, sorted(english))) == ""
    assert "\n".join(unread(ran)) == ""
    assert len(texts) > 200


# ------------------------------------------------- none is left out: each line was run


class Traced:
    """Notes which lines of the modules of letters run."""

    def __enter__(self):
        self.files = {str(path) for path in letter_modules()}
        ran: dict[str, set[int]] = defaultdict(set)

        def line(frame, event, _argument):
            if event == "line":
                ran[frame.f_code.co_filename].add(frame.f_lineno)
            return line

        self.before = sys.gettrace()
        sys.settrace(lambda frame, *_rest: line if frame.f_code.co_filename in self.files else None)
        return ran

    def __exit__(self, *_problem):
        sys.settrace(self.before)


def letter_modules() -> list[Path]:
    found = []
    for app in ("affiliates", "creators", "shop"):
        for path in (ROOT / app).rglob("*.py"):
            text = path.read_text()
            if re.search(r"import .*\bLetter\b|import EmailMultiAlternatives", text):
                found.append(path)
    return found


def unread(ran: dict[str, set[int]]) -> list[str]:
    """Return the statements of functions that speak which no letter of this test came to."""
    found = []
    for path in letter_modules():
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and _speaks(function):
                lines = ran[str(path)]
                found += [
                    f"{path.relative_to(ROOT)}:{step.lineno}" for step in _steps(function)
                    if not lines & set(range(step.lineno, _end(step) + 1))
                ]  # fmt: skip
    return found


def _speaks(function: ast.FunctionDef) -> bool:
    calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    return any(isinstance(call, ast.Name) and call.id in {"_", "ngettext"} for call in calls)


def _steps(function: ast.FunctionDef) -> list[ast.stmt]:
    steps = [node for node in ast.walk(function) if isinstance(node, ast.stmt)]
    return [
        step for step in steps
        if not isinstance(step, ast.FunctionDef | ast.Try | ast.With)
        and not (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
    ]  # fmt: skip


def _end(step: ast.stmt) -> int:
    body = getattr(step, "body", None)
    return body[0].lineno - 1 if body else step.end_lineno


# ------------------------------------------------- accounts, and papers


def test_the_mails_of_the_accounts_are_whole_in_both_languages():
    folder = Path(allauth.__file__).parent / "templates"
    prefixes = sorted(
        str(path.relative_to(folder)).removesuffix("_message.txt")
        for path in folder.glob("*/email/*_message.txt")
        if not path.name.startswith("base_") and path.parts[-3] in {"account", "mfa"}
    )
    request = RequestFactory(headers={"user-agent": "Browser 1.0"}).get(
        "/", headers={"host": "localhost"}
    )
    context = {
        "request": request, "user": make_user(), "email": "a@people.example",
        "code": "AB12CD", "activate_url": f"{settings.SITE_URL}/confirm/",
        "password_reset_url": f"{settings.SITE_URL}/reset/", "key": "k", "ip": "10.0.0.1",
        "signup_url": f"{settings.SITE_URL}/signup/", "user_agent": "Browser 1.0",
        "timestamp": timezone.now(), "from_email": "a@people.example", "to_email": "b@people.example", "deleted_email": "b@people.example",
        "current_site": SimpleNamespace(name="Thousand", domain="localhost"),
    }  # fmt: skip
    wrong, english = [], set()
    for prefix in prefixes:
        texts = {}
        for language in LANGUAGES:
            with translation.override(language), request_context(request):
                mail = get_adapter().render_mail(prefix, "a@people.example", context)
            wrong += [(prefix, flaw) for flaw in flaws(mail, language)]
            texts[language] = f"{mail.subject}\n{mail.body}"
        english |= {(prefix, line) for line in left_in_english(texts, ["Browser 1.0"])}

    assert wrong == []
    assert "\n".join(map(str, sorted(english))) == ""
    assert len(prefixes) >= 15


def papers_in_english(market) -> set[str]:
    """Return what is left in English of the Dutch papers of the market."""
    back = refunds.refund(market.part.order, at=market.now, amount=100)
    sale = [documents.invoice(market.part, market.now),
            documents.credit(back, market.part, market.now)]  # fmt: skip
    bills = list(
        SelfBill.objects.filter(facts__isnull=False).order_by("kind", "-pk").distinct("kind")
    )
    brandinvoices.issue(market.now)
    invoices = list(BrandInvoice.objects.order_by("-pk")[:2])
    known, english = names(), set()
    assert bills and invoices

    def said(language: str) -> list[str]:
        for row in (*sale, *bills, *invoices):
            row.facts = (row.facts or {}) | {"language": language}
            row.pdf_sha256 = ""
        with translation.override(language):
            return [
                *(words(documents._laid_out(row)) for row in sale),
                *(words(accounts._self_bill(row, row.facts)) for row in bills),
                *(words(accounts._brand_invoice(row)) for row in invoices),
                words(passportpaper.pdf(market.creator.passports.latest("pk"))),
            ]

    for dutch, en in zip(said("nl"), said("en"), strict=True):
        assert not UNFILLED.search(dutch) and dutch != en
        english |= set(left_in_english({"nl": dutch, "en": en}, known))

    return english


def papers() -> set[str]:
    """Return the functions that make a PDF."""
    return {
        f"{path.relative_to(ROOT).with_suffix('')}.{function.name}".replace("/", ".")
        for app in ("affiliates", "creators", "shop")
        for path in (ROOT / app).rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef) and "page.output()" in ast.unparse(function)
    }
