"""The Dutch catalogue: whole, and true to its source."""

import re
from pathlib import Path

import django
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from config import borrowed, catalogue


def test_every_string_has_dutch():
    assert catalogue.lacking(catalogue.read("nl")) == []


def test_dutch_keeps_placeholders_tags_and_the_space_in_amounts():
    assert catalogue.flaws(catalogue.read("nl")) == []


def test_the_catalogue_holds_no_string_that_nobody_says():
    said = {(m.id, m.context) for m in catalogue.extract()}

    assert [m.id for m in catalogue.read("nl") if m.id and (m.id, m.context) not in said] == []


def test_a_flaw_is_found_by_its_kind():
    dutch = Catalog(locale="nl")
    dutch.add("%(n)s left", "nog %(m)s")
    dutch.add("<b>Free</b>", "Gratis")
    dutch.add(("one day", "%(n)s days"), ("%(n)s dag", "dagen"))
    dutch.add("From €10", "Vanaf €10")
    dutch.add("Save", "Sla op ")
    dutch.add(("1 sale", "%(n)s sales"), ("1 verkoop", "%(n)s verkopen"))

    assert [flaw.split(":")[0] for flaw in catalogue.flaws(dutch)] == [
        "other placeholders",
        "other placeholders",
        "no no-break space behind the euro",
        "spaces around",
    ]


def test_a_fuzzy_or_half_translation_is_missing():
    dutch = Catalog(locale="nl")
    dutch.add("Pay", "Betaal", flags=["fuzzy"])
    dutch.add(("one day", "%(n)s days"), ("een dag", ""))
    dutch.add("Total", "Totaal")

    assert [m.id for m in catalogue.missing(dutch)] == ["Pay", ("one day", "%(n)s days")]


def test_each_borrowed_sentence_is_still_djangos():
    theirs = {
        message.id
        for path in Path(django.__file__).parent.rglob("locale/nl/LC_MESSAGES/django.po")
        for message in read_po(path.open("rb"), locale="nl")
    }

    assert [sentence for sentence in borrowed.SENTENCES if sentence not in theirs] == []


def test_dutch_never_says_u():
    formal = re.compile(r"\b([Uu]|[Uu]w)\b(?! \{m\})")  # "6 u {m} min" is hours

    assert [m.string for m in catalogue.read("nl") if m.id and formal.search(str(m.string))] == []
