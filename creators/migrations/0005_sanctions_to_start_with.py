"""The first version of the sanction table: what breaks the rules, and what follows."""

from datetime import UTC, datetime

from django.db import migrations

FROM = datetime(2026, 1, 1, tzinfo=UTC)
VIOLATIONS = [  # code, points, days, title, title_nl, text, text_nl
    (
        "unmarked_ad", 2, 180,
        "An advertisement that does not say so", "Reclame die niet zegt dat het reclame is",
        "A post with a link of yours that does not say clearly, at its beginning, that it is advertising.",
        "Een bericht met een link van jou dat niet aan het begin duidelijk zegt dat het reclame is.",
    ),
    (
        "misleading", 4, 365,
        "A claim that is not true", "Een bewering die niet waar is",
        "Saying of a product, its price or its maker what is not true, or speaking in a brand's name.",
        "Over een product, de prijs of de maker iets zeggen dat niet waar is, of spreken namens een merk.",
    ),
    (
        "own_purchase", 4, 365,
        "Buying through your own links", "Kopen via je eigen links",
        "Orders that you, or somebody for you, placed to earn the commission.",
        "Bestellingen die jij, of iemand voor jou, plaatste om de commissie te krijgen.",
    ),
    (
        "bought_clicks", 6, 365,
        "Bought clicks or followers", "Gekochte kliks of volgers",
        "Paying for clicks, followers or likes, or making them with software.",
        "Betalen voor kliks, volgers of likes, of ze met software maken.",
    ),
    (
        "harassment", 6, 365,
        "Threats, hate or harassment", "Dreigen, haat of lastigvallen",
        "Threatening or insulting shoppers, brands, creators or us.",
        "Kopers, merken, creators of ons bedreigen of beledigen.",
    ),
    (
        "illegal", 12, 730,
        "Promoting what the law forbids", "Reclame voor wat de wet verbiedt",
        "Content or products that are forbidden by law, or that put people in danger.",
        "Inhoud of producten die de wet verbiedt of die mensen in gevaar brengen.",
    ),
]  # fmt: skip
SANCTIONS = [("warning", 1), ("no_new_links", 6), ("suspension", 12)]


def seed(apps, schema_editor):
    violation = apps.get_model("creators", "Violation")
    violation.objects.bulk_create(
        [
            violation(
                code=code, points=points, days=days, title=title, title_nl=title_nl,
                text=text, text_nl=text_nl, effective_from=FROM,
            )
            for code, points, days, title, title_nl, text, text_nl in VIOLATIONS
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    sanction = apps.get_model("creators", "Sanction")
    sanction.objects.bulk_create(
        [sanction(effect=name, from_points=n, effective_from=FROM) for name, n in SANCTIONS],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("creators", "0004_rules_to_start_with"),
    ]
    replaces = [
        ("creators", "0011_first_sanctions"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
