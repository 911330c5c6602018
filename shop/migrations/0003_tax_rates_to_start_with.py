"""VAT in the 27 countries of the EU since its One Stop Shop began on 1 July 2021.

Standard and main reduced rates as the member states notify them to the European
Commission (Taxes in Europe Database); later changes carry their own date. A country
without a reduced rate charges the standard one.
"""

from datetime import date

from django.db import migrations

START = date(2021, 7, 1)
SOURCE = "European Commission, Taxes in Europe Database: rate in force on 1 July 2021"
# country: standard, reduced (basis points)
RATES = {
    "AT": (2000, 1000), "BE": (2100, 600), "BG": (2000, 900), "CY": (1900, 500),
    "CZ": (2100, 1500), "DE": (1900, 700), "DK": (2500, 2500), "EE": (2000, 900),
    "ES": (2100, 1000), "FI": (2400, 1400), "FR": (2000, 550), "GR": (2400, 1300),
    "HR": (2500, 1300), "HU": (2700, 1800), "IE": (2300, 1350), "IT": (2200, 1000),
    "LT": (2100, 900), "LU": (1700, 800), "LV": (2100, 1200), "MT": (1800, 500),
    "NL": (2100, 900), "PL": (2300, 800), "PT": (2300, 600), "RO": (1900, 900),
    "SE": (2500, 1200), "SI": (2200, 950), "SK": (2000, 1000),
}  # fmt: skip
CHANGES = [
    ("CZ", "reduced", 1200, date(2024, 1, 1), "Czech act 349/2023: one reduced rate"),
    ("EE", "standard", 2200, date(2024, 1, 1), "Estonian value-added tax act, change of 2023"),
    ("EE", "standard", 2400, date(2025, 7, 1), "Estonian security tax act, change of 2024"),
    ("FI", "standard", 2550, date(2024, 9, 1), "Finnish value-added tax act, change of 2024"),
    ("FI", "reduced", 1350, date(2026, 1, 1), "Finnish value-added tax act, change of 2025"),
    ("LT", "reduced", 1200, date(2026, 1, 1), "Lithuanian value-added tax act, change of 2025"),
    ("LU", "standard", 1600, date(2023, 1, 1), "Luxembourg, one year lower: law of 26 October 2022"),
    ("LU", "reduced", 700, date(2023, 1, 1), "Luxembourg, one year lower: law of 26 October 2022"),
    ("LU", "standard", 1700, date(2024, 1, 1), "Luxembourg, end of the lower year"),
    ("LU", "reduced", 800, date(2024, 1, 1), "Luxembourg, end of the lower year"),
    ("RO", "standard", 2100, date(2025, 8, 1), "Romanian law 141/2025"),
    ("RO", "reduced", 1100, date(2025, 8, 1), "Romanian law 141/2025"),
    ("SK", "standard", 2300, date(2025, 1, 1), "Slovak act 278/2024"),
    ("SK", "reduced", 1900, date(2025, 1, 1), "Slovak act 278/2024"),
]


def seed(apps, schema_editor):
    rate = apps.get_model("shop", "TaxRate")
    rows = []
    for country, (standard, reduced) in RATES.items():
        for tax_class, rate_bp in (("standard", standard), ("reduced", reduced), ("zero", 0)):
            rows.append((country, tax_class, rate_bp, START, SOURCE))
    rate.objects.bulk_create(
        [
            rate(
                country=country, tax_class=tax_class, rate_bp=rate_bp, effective_from=day,
                source=source,
            )
            for country, tax_class, rate_bp, day, source in [*rows, *CHANGES]
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0002_categories_to_start_with"),
    ]
    replaces = [
        ("shop", "0003_seed_tax_rates"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
