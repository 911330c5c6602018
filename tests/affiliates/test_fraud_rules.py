"""The rules of fraud by themselves: what fires, what is innocent, in words."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from affiliates import fraud, visitors
from affiliates.fraud import addresses, rules, words


def test_a_burst_is_few_visitors_who_click_again_and_again():
    found = rules.click_burst(rules.Hour(clicks=120, people=3, usual=1.25, links=48))
    assert found == fraud.Evidence(
        "click_burst",
        {"clicks": 120, "people": 3, "each": 40.0},
        {"each": 1.2, "links": 48},
    )


@pytest.mark.parametrize(
    ("name", "clicks", "people", "usual"),
    [
        ("a post that goes round", 9_000, 900, 1.2),
        ("a post seen behind the one address of a carrier", 800, 95, 1.2),
        ("a creator who tries her new link", 30, 1, 1.2),
        ("a market where all click often", 90, 9, 4.0),
    ],
)
def test_many_clicks_alone_are_no_burst(name, clicks, people, usual):
    assert rules.click_burst(rules.Hour(clicks, people, usual, 40)) is None


@given(st.integers(21, 10**6), st.integers(0, 10**7), st.floats(0, 50))
def test_no_number_of_clicks_of_many_visitors_is_a_burst(people, more, usual):
    assert rules.click_burst(rules.Hour(people + more, people, usual, 9)) is None


@pytest.mark.parametrize(
    ("name", "links", "creators", "seconds", "fires"),
    [
        ("a machine", 40, 9, 120, True),
        ("everything on one creator's page", 60, 1, 120, False),
        ("a long evening", 40, 9, 3_000, False),
        ("a few", 8, 8, 10, False),
    ],
)
def test_one_visitor_many_links(name, links, creators, seconds, fires):
    assert (rules.many_links(rules.Visit(links, creators, seconds, 4, 900)) is not None) == fires


@pytest.mark.parametrize(
    ("name", "people", "paid", "fires"),
    [
        ("advertised", 60, 45, True),
        ("an address that was copied from an advertisement", 900, 12, False),
        ("three of three", 3, 3, False),
    ],
)
def test_paid_advertisements(name, people, paid, fires):
    facts = rules.Advertised(people, paid, ("google",), 0.01)
    assert (rules.paid_ads(facts) is not None) == fires


@pytest.mark.parametrize(
    ("name", "facts", "fires"),
    [
        ("far more than others of the brand", rules.Returns(10, 7, 40, 400, 24), True),
        ("a brand whose clothes often go back", rules.Returns(10, 5, 40, 400, 180), False),
        ("one that went back", rules.Returns(1, 1, 40, 400, 8), False),
        ("nobody to compare with", rules.Returns(9, 6, 0, 0, 0), True),
        ("many sales, few back", rules.Returns(100, 9, 0, 0, 0), False),
    ],
)
def test_what_goes_back_after_it_was_settled(name, facts, fires):
    assert (rules.came_back(facts) is not None) == fires


def test_one_mail_that_is_thrown_away_is_a_wish_to_be_left_alone():
    assert rules.disposable_mail(rules.Mails(orders=3, disposable=2)) is None
    assert rules.disposable_mail(rules.Mails(orders=40, disposable=3)) is None
    assert rules.disposable_mail(rules.Mails(orders=9, disposable=3)).measured == {
        "orders": 9, "disposable": 3
    }  # fmt: skip


def test_relays_are_not_thrown_away():
    gone = ["a@mailinator.com", "A@Yopmail.com ", "x@inbox.mailinator.com"]
    kept = [
        "a@duck.com",
        "a@privaterelay.appleid.com",
        "a@mozmail.com",
        "a@people.example",
        "",
        "@",
    ]
    assert [addresses.is_disposable(one) for one in [*gone, *kept]] == [True] * 3 + [False] * 6


@pytest.mark.parametrize(
    ("query", "network"),
    [
        ("", ""),
        ("gclid=Cj0KCQ", "google"),
        ("utm_source=x&ttclid=E.C.P.1", "tiktok"),
        ("ScCid=a1", "snapchat"),
        ("utm_medium=cpc&utm_source=google", "ads"),
        ("utm_medium=paid_social", "ads"),
        ("fbclid=IwAR1", ""),  # Meta puts it on every link, paid or not
        ("igsh=abc", ""),
        ("utm_medium=social", ""),
        ("utm_medium=affiliate", ""),
        ("gclid=", ""),
        ("notgclid=1", ""),
    ],
)
def test_what_marks_a_paid_advertisement(query, network):
    assert visitors.paid_by(query) == network


def test_every_rule_is_said_in_words_in_both_languages():
    found = [
        rules.click_burst(rules.Hour(120, 3, 1.3, 48)),
        rules.many_links(rules.Visit(40, 9, 120, 4, 900)),
        rules.paid_ads(rules.Advertised(60, 45, ("google",), 0.01)),
        rules.came_back(rules.Returns(10, 7, 40, 400, 24)),
        rules.disposable_mail(rules.Mails(9, 3)),
        *rules.same_person(
            rules.Person(*[frozenset("a")] * 3), rules.Person(*[frozenset("a")] * 3)
        ),
    ]
    english = [words.say(one.rule, one.as_json()) for one in found]
    with translation.override("nl"):
        dutch = [words.say(one.rule, one.as_json()) for one in found]
    assert english[0] == (
        "Within one hour 3 visitors clicked the link 120 times, which is 40 each. "
        "Usual on that day, on 48 links: 1.3."
    )
    assert len(set(english) | set(dutch)) == 2 * len(found) == 16
