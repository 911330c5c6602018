"""The shelves of the shop. Food must tell its ingredients and allergens (EU 1169/2011)."""

from django.db import migrations

FOOD = ["ingredients", "allergens"]
# slug, English, Dutch, placeholder drawing, details that a product must tell
CATEGORIES = [
    ("bags", "Bags and accessories", "Tassen en accessoires", "bag", []),
    ("baskets", "Baskets and storage", "Manden en opbergen", "basket", []),
    ("cycling", "Cycling and outdoors", "Fietsen en buiten", "bike", []),
    ("bread", "Bread and baking", "Brood en bakken", "bread", FOOD),
    ("candles", "Candles and scents", "Kaarsen en geuren", "candle", []),
    ("games", "Games and toys", "Spellen en speelgoed", "game", []),
    ("pantry", "Pantry", "Voorraadkast", "jar", FOOD),
    ("lighting", "Lamps and interior", "Lampen en wonen", "lamp", []),
    ("plants", "Plants and garden", "Planten en tuin", "plant", []),
    ("care", "Soap and care", "Zeep en verzorging", "soap", []),
    ("crafts", "Yarn and crafts", "Garen en handwerk", "yarn", []),
    ("kitchen", "Kitchen and table", "Keuken en tafel", "mug", []),
]


def seed(apps, schema_editor):
    category = apps.get_model("shop", "Category")
    category.objects.bulk_create(
        [
            category(
                slug=slug, name=name, name_nl=name_nl, art=art, required_details=required,
                position=position,
            )
            for position, (slug, name, name_nl, art, required) in enumerate(CATEGORIES)
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
