"""What the products of a shelf must tell, as the law of the EU has it.

Food: ingredients, allergens and a content for the price per kilogram or litre (EU 1169/2011,
98/6/EC). Other goods: who made them and where one writes to (EU 2023/988, art. 19). Toys, candles,
lamps, cosmetics and bicycles: their warnings too.
"""

from django.db import migrations

FOOD = ["ingredients", "allergens", "content"]
GOODS = ["manufacturer", "manufacturer_contact"]
WARNED = {"games", "candles", "lighting", "care", "cycling"}
FOODS = {"bread", "pantry"}


def ask(apps, schema_editor):
    for category in apps.get_model("shop", "Category").objects.all():
        wanted = FOOD if category.slug in FOODS else GOODS
        if category.slug in WARNED:
            wanted = [*wanted, "warnings"]
        own = [key for key in category.required_details if key not in wanted]
        category.required_details = [*wanted, *own]
        category.save(update_fields=["required_details"])


def ask_less(apps, schema_editor):
    added = {*GOODS, "content", "warnings"}
    for category in apps.get_model("shop", "Category").objects.all():
        left = [key for key in category.required_details if key not in added]
        category.required_details = left
        category.save(update_fields=["required_details"])


class Migration(migrations.Migration):
    dependencies = [("shop", "0028_prices_are_remembered")]
    operations = [migrations.RunPython(ask, ask_less)]
