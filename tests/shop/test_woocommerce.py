"""WooCommerce's product CSV: types, variations in any order, sales and stock."""

import pytest

from shop.models import Product, Variant
from tests import real
from tests.shop.factories import make_brand
from tests.shop.test_feeds import read, run, write

HEADER = "ID,Type,SKU,Name,Published,In stock?,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"


def test_each_kind_of_row_is_understood(data):
    found, problems = read(data / "woocommerce.csv")

    facts = {one.external_id: one for one in found}
    assert list(facts) == ["12", "14", "15", "16", "17", "22"]
    shawl = facts["12"]
    assert [(v.sku, v.options, v.price, v.compare_at, v.stock) for v in shawl.variants] == [
        ("shawl-red", (("Colour", "Red"),), 4900, 5900, 3),
        ("shawl-green", (("Colour", "Green"),), 5900, None, 7),
    ]
    assert shawl.tags == ("wool, soft", "warm")
    assert shawl.category == "Clothing > Shawls\nYarn and crafts"
    assert [url.rsplit("/", 1)[1] for url, _alt in shawl.images] == [
        "shawl-1.jpg", "shawl-2.jpg", "shawl-green.jpg",
    ]  # fmt: skip
    singles = {
        key: (one.published, one.tax_class, one.variants[0].sku, one.variants[0].price,
              one.variants[0].stock)
        for key, one in facts.items()
    }  # fmt: skip
    assert singles["14"] == (True, "reduced", "candle", 1050, None)  # the sale is over
    assert singles["15"] == (True, "", "soap", 400, None)  # its last day; sold beyond its stock
    assert singles["16"] == (False, "zero", "id:16", 300, None)
    assert singles["17"] == (False, "", "mug", 2000, 0)
    assert singles["22"] == (True, "", "id:23", 3000, 4)
    assert sorted((p.line, p.field, p.value) for p in problems) == [
        (10, "Type", "grouped"),
        (11, "Type", "external"),
        (12, "Parent", "nowhere"),
        (13, "Regular price", ""),
        (16, "Attribute 1 value(s)", "S"),
        (17, "ID", "12"),
    ]


def test_a_product_waits_no_longer_than_for_its_last_variation(tmp_path):
    rows = []
    for n in range(1, 4):
        rows.append(f"{n}0,variable,p{n},P{n},1,1,,,,\n")
        rows += [f"{n}{k},variation,p{n}-{k},,1,1,5,p{n},Size,{k}\n" for k in (1, 2)]
    rows.append("99,simple,s,S,1,1,5,,,\n")

    found, _problems = read(write(tmp_path, HEADER + "".join(rows)))

    assert [one.external_id for one in found] == ["10", "20", "30", "99"]


def test_a_sale_may_last_for_ever(tmp_path):
    header = "ID,Type,SKU,Name,Regular price,Sale price,Date sale price ends\n"
    found, problems = read(write(tmp_path, header + "1,simple,a,A,5,4,9999-12-31\n"))

    assert ([one.variants[0].price for one in found], problems) == ([400], [])


@pytest.mark.django_db
def test_it_is_imported_onto_the_shelves_it_names(data):
    brand = make_brand()

    first, second = (run(brand, data / "woocommerce.csv") for _n in "ab")

    assert (first.format, first.state, first.added, first.problem_count) == (
        "woocommerce", "done", 6, 6,
    )  # fmt: skip
    assert (second.added, second.changed, second.unchanged) == (0, 0, 6)
    rows = Product.objects.filter(brand=brand)
    assert dict(rows.values_list("external_id", "category__slug")) == {
        "12": "crafts", "14": "candles", "15": "kitchen", "16": "kitchen", "17": "kitchen",
        "22": "kitchen",
    }  # fmt: skip
    assert rows.get(external_id="14").tax_class == "reduced"
    drafts = rows.filter(status="draft").values_list("external_id", "missing")
    assert dict(drafts) == {
        "14": ["detail:warnings"], "16": ["unpublished"], "17": ["unpublished"],
    }  # fmt: skip


WOO = real.CATALOGUES / "woocommerce_sample_products.csv"


@real.needed
@pytest.mark.django_db
def test_the_sample_of_woocommerce_is_imported():
    brand = make_brand()

    made = run(brand, WOO)

    problems = list(made.problems.values_list("line", "field", "value"))
    assert (made.state, made.added, problems) == (
        "done", 13, [(17, "Type", "grouped"), (18, "Type", "external")],
    )  # fmt: skip
    assert Variant.objects.filter(brand=brand).count() == 11 + 9


ROWS = [
    "7,variable,,Mok,1,visible,Kort,Lang,,,taxable,verlaagd-tarief,1,,0,,,Keuken en tafel,,"
    'https://mill.example/a.jpg,,0,Kleur,"Rood, Blauw"',
    "8,variation,,Mok - Rood,1,visible,,,2026-11-01,2026-11-12,taxable,parent,1,5,0,9.50,12.50,,,,"
    "id:7,1,Kleur,Rood",
    "9,variation,M-B,Mok - Blauw,1,visible,,,,,taxable,parent,1,-2,0,,12.50,,,,id:7,2,Kleur,Blauw",
]
COLUMNS = {  # as the exporter writes them; of each language the ones that we read
    "nl": "ID;Type;Artikelnummer;Naam;Gepubliceerd;Zichtbaarheid in catalogus;Korte omschrijving;"
    "Beschrijving;Startdatum actieprijs;Einddatum actieprijs;Btw status;Belastingklasse;"
    "Op voorraad?;Voorraad;Nabestellingen toestaan?;Actieprijs;Reguliere prijs;Categorieën;Tags;"
    "Afbeeldingen;Hoofd;Positie;Naam eigenschap 1;Waarde eigenschap 1",
    "de": "ID;Typ;Artikelnummer;Name;Veröffentlicht;Sichtbarkeit im Katalog;Kurzbeschreibung;"
    "Beschreibung;Datum, an dem Angebotspreis beginnt;Datum, an dem Angebotspreis endet;"
    "Steuerstatus;Steuerklasse;Vorrätig?;Lager;Lieferrückstande erlaubt?;Angebotspreis;"
    "Regulärer Preis;Kategorien;Schlagwörter;Bilder;Übergeordnetes Produkt;Position;"
    "Attribut 1 Name;Attribut 1 Wert(e)",
    "fr": "ID;Type;UGS;Nom;Publié;Visibilité dans le catalogue;Description courte;Description;"
    "Date de début de promo;Date de fin de promo;État de la TVA;Classe de TVA;En stock\u202f?;Stock;"
    "Autoriser les commandes de produits en rupture\u00a0?;Tarif promo;Tarif régulier;Catégories;"
    "Étiquettes;Images;Parent;Position;Nom de l’attribut 1;Valeur(s) de l’attribut 1 ",
}


@pytest.mark.parametrize("language", COLUMNS)
def test_the_export_is_read_in_the_language_that_it_was_made_in(tmp_path, language):
    head = ",".join(f'"{name}"' for name in COLUMNS[language].split(";"))
    (mug,), problems = read(write(tmp_path, "\n".join([head, *ROWS]) + "\n"))

    assert problems == []
    assert (mug.external_id, mug.title, mug.description, mug.tax_class, mug.category) == (
        "7", "Mok", "Lang", "reduced", "Keuken en tafel",
    )  # fmt: skip
    assert [(v.sku, v.options, v.price, v.compare_at, v.stock) for v in mug.variants] == [
        ("id:8", (("Kleur", "Rood"),), 950, 1250, 5), ("M-B", (("Kleur", "Blauw"),), 1250, None, 0),
    ]  # fmt: skip
