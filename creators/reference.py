"""Data that every market starts with: the rules' history, the niches, the platforms.

A data migration loads it; `restore` puts it back after a flush, which empties tables that
migrations filled.
"""

from datetime import UTC, datetime

from django.db import connections

RULES = (  # local midnight in Amsterdam, where the business day is
    {
        "effective_from": datetime(2019, 12, 31, 23, tzinfo=UTC),
        "min_followers": 5_000,
        "full_followers": 5_000,
        "note": "The first rule: 5,000 followers, and no pilot.",
        "note_nl": "De eerste regel: 5.000 volgers, zonder proefperiode.",
    },
    {
        "effective_from": datetime(2024, 5, 21, 22, tzinfo=UTC),
        "min_followers": 1_000,
        "full_followers": 5_000,
        "note": "Since 22 May 2024: 1,000 followers to start as a pilot, 5,000 for all at once.",
        "note_nl": "Sinds 22 mei 2024: 1.000 volgers om op proef te beginnen, 5.000 voor alles.",
    },
)
NICHES = (
    ("beauty", "Beauty and care", "Verzorging"),
    ("books", "Books", "Boeken"),
    ("crafts", "Crafts and making", "Knutselen en maken"),
    ("cycling", "Cycling", "Fietsen"),
    ("family", "Family and kids", "Gezin en kinderen"),
    ("fashion", "Fashion", "Mode"),
    ("fitness", "Sport and fitness", "Sport en fitness"),
    ("food", "Food and baking", "Eten en bakken"),
    ("games", "Games", "Games"),
    ("garden", "Plants and garden", "Planten en tuin"),
    ("home", "Home and interior", "Wonen"),
    ("music", "Music", "Muziek"),
    ("pets", "Pets", "Huisdieren"),
    ("sustainable", "Sustainable living", "Duurzaam leven"),
    ("tech", "Technology", "Techniek"),
    ("travel", "Travel and outdoors", "Reizen en buiten"),
)


def load(apps) -> None:
    """Write what is missing. `apps` is a migration's registry or the real one."""
    policies = apps.get_model("creators", "EnrolmentPolicy").objects
    for rule in RULES:
        policies.get_or_create(
            platform="",
            country="",
            effective_from=rule["effective_from"],
            published_at=rule["effective_from"],
            defaults=rule,
        )
    niches = apps.get_model("creators", "Niche").objects
    for slug, name, name_nl in NICHES:
        niches.get_or_create(slug=slug, defaults={"name": name, "name_nl": name_nl})
    platforms = apps.get_model("creators", "PlatformStatus").objects
    for platform in ("tiktok", "instagram", "youtube", "facebook"):
        platforms.get_or_create(platform=platform)


def restore(sender, apps, using: str, **kwargs) -> None:
    """After `migrate` and `flush`: load again where the tables stand empty."""
    policies = apps.get_model("creators", "EnrolmentPolicy")
    statuses = apps.get_model("creators", "PlatformStatus")
    tables = connections[using].introspection.table_names()
    if not {policies._meta.db_table, statuses._meta.db_table} <= set(tables):
        return
    if not policies.objects.exists() or not statuses.objects.exists():
        load(apps)
