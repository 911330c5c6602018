"""The words that say a link is advertising: a row per country, with where that is written.

Shoppers read `word` in their own language beside a creator's name; creators copy `caption` into
the post, in the language of their country, and switch on the platform's own label beside it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One country: its language, the word at the beginning, the tag, and the source."""

    language: str
    word: str
    tag: str
    source: str
    url: str = ""


EVERYWHERE = Rule(
    "en", "Ad", "#ad",
    "Directive 2005/29/EC, art. 7(2) and Annex I, point 11; Directive 2000/31/EC, art. 6(a)",
    "https://eur-lex.europa.eu/eli/dir/2005/29/oj",
)  # fmt: skip
RULES = {
    "NL": Rule(
        "nl", "Reclame", "#reclame",
        "Reclamecode Social Media & Influencer Marketing, art. 3; Mediawet 2008, art. 3.29b",
        "https://www.reclamecode.nl/social",
    ),
    "BE": Rule(
        "nl", "Reclame", "#reclame",
        "Wetboek van economisch recht, art. VI.100, 11° and art. XII.12, 1°",
    ),
    "DE": Rule(
        "de", "Werbung", "#werbung",
        "UWG, § 5a Abs. 4; Medienstaatsvertrag, § 22 Abs. 1",
        "https://www.gesetze-im-internet.de/uwg_2004/__5a.html",
    ),
    "FR": Rule(
        "fr", "Publicité", "#publicité",
        "Loi n° 2023-451 du 9 juin 2023, art. 5; Code de la consommation, art. L121-3",
    ),
    "GB": Rule(
        "en", "Ad", "#ad",
        "CAP Code, rules 2.1 and 2.3; Digital Markets, Competition and Consumers Act 2024, sch. 20",
    ),
    "US": Rule(
        "en", "Ad", "#ad",
        "16 CFR § 255.5",
        "https://www.ecfr.gov/current/title-16/chapter-I/subchapter-B/part-255",
    ),
}  # fmt: skip
IN_LANGUAGE = {"nl": "Reclame", "de": "Werbung", "fr": "Publicité", "en": "Ad"}
SENTENCES = {
    "nl": "{word}: ik krijg commissie als je dit via mijn link koopt.",
    "de": "{word}: Ich erhalte eine Provision, wenn du über meinen Link kaufst.",
    "fr": "{word} : je touche une commission si vous achetez avec mon lien.",
    "en": "{word}: I earn a commission if you buy through my link.",
}


@dataclass(frozen=True, slots=True)
class Switch:
    """A platform's own label for advertising: its name there, and where its manual says so."""

    name: str
    source: str


SWITCHES = {
    "tiktok": Switch(
        "Disclose commercial content → Branded content",
        "TikTok Support, Promoting a brand, product or service",
    ),
    "instagram": Switch(
        "Add paid partnership label", "Instagram Help Centre, Branded content on Instagram"
    ),
    "youtube": Switch(
        "My video contains paid promotion",
        "YouTube Help, Add paid product placements, sponsorships and endorsements",
    ),
    "facebook": Switch(
        "Add paid partnership label", "Meta Business Help Centre, About branded content"
    ),
}


def rule(country: str) -> Rule:
    return RULES.get(country, EVERYWHERE)


def word(country: str, language: str) -> str:
    """Return the word that a shopper in `country` who reads `language` is shown.

    In her own language; in one that we have no word for, that of the country.
    """
    return IN_LANGUAGE.get(language.partition("-")[0]) or rule(country).word


def caption(country: str, title: str, url: str) -> str:
    """Return the words for a post, in the language of the creator's country.

    The word comes first: what stands below "more" does not count as said.
    """
    row = rule(country)
    sentence = SENTENCES[row.language].format(word=row.word)
    return f"{sentence}\n{title}: {url}\n{row.tag}"


def switch(platform: str) -> Switch | None:
    """Return the platform's own label; none for a creator's page here, which says it itself."""
    return SWITCHES.get(platform)
