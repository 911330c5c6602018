"""The shelves of the shop, and what their products must tell, as the law of the EU has it.

Food: ingredients, allergens and a content for the price per kilogram or litre (EU 1169/2011,
98/6/EC). Other goods: who made them and where one writes to (EU 2023/988, art. 19). Toys, candles,
lamps, cosmetics and bicycles: their warnings too.
"""

from django.db import migrations

FOOD = ["ingredients", "allergens", "content"]
GOODS = ["manufacturer", "manufacturer_contact"]
WARNED = [*GOODS, "warnings"]
# slug, English, Dutch, placeholder drawing, details that a product must tell
CATEGORIES = [
    ("bags", "Bags and accessories", "Tassen en accessoires", "bag", GOODS),
    ("baskets", "Baskets and storage", "Manden en opbergen", "basket", GOODS),
    ("cycling", "Cycling and outdoors", "Fietsen en buiten", "bike", WARNED),
    ("bread", "Bread and baking", "Brood en bakken", "bread", FOOD),
    ("candles", "Candles and scents", "Kaarsen en geuren", "candle", WARNED),
    ("games", "Games and toys", "Spellen en speelgoed", "game", WARNED),
    ("pantry", "Pantry", "Voorraadkast", "jar", FOOD),
    ("lighting", "Lamps and interior", "Lampen en wonen", "lamp", WARNED),
    ("plants", "Plants and garden", "Planten en tuin", "plant", GOODS),
    ("care", "Soap and care", "Zeep en verzorging", "soap", WARNED),
    ("crafts", "Yarn and crafts", "Garen en handwerk", "yarn", GOODS),
    ("kitchen", "Kitchen and table", "Keuken en tafel", "mug", GOODS),
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
    dependencies = [
        ("shop", "0001_schema"),
    ]
    replaces = [
        ("shop", "0002_seed_categories"),
        ("shop", "0029_shelves_ask_for_more"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
