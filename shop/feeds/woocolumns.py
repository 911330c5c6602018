"""What WooCommerce's export calls its columns in Dutch, German and French.

The exporter writes them in the language of whoever exports; the values stay as they are.
"""

NUMBERS = range(1, 11)  # of attributes
ENGLISH = {"type", "sku", "name", "regular price"}
WORDS = {
    "type": "typ",
    "sku": "artikelnummer; ugs",
    "name": "naam; nom",
    "published": "gepubliceerd; veröffentlicht; publié",
    "visibility in catalog": (
        "zichtbaarheid in catalogus; sichtbarkeit im katalog; visibilité dans le catalogue"
    ),
    "short description": (
        "korte beschrijving; korte omschrijving; kurzbeschreibung; description courte"
    ),
    "description": "beschrijving; omschrijving; beschreibung",
    "date sale price starts": (
        "startdatum actieprijs; datum, an dem angebotspreis beginnt; date de début de promo"
    ),
    "date sale price ends": (
        "einddatum actieprijs; datum, an dem angebotspreis endet; date de fin de promo"
    ),
    "tax status": "btw status; btw-status; steuerstatus; état de la tva",
    "tax class": "belastingklasse; btw klasse; steuerklasse; classe de tva",
    "in stock?": "op voorraad?; vorrätig?; en stock ?; en stock?",
    "stock": "voorraad; lager; bestand",
    "backorders allowed?": (
        "nabestellingen toestaan?; lieferrückstande erlaubt?; lieferrückstände erlaubt?;"
        " rückstände erlaubt?; autoriser les commandes de produits en rupture ?"
    ),
    "sale price": "actieprijs; angebotspreis; tarif promo",
    "regular price": "reguliere prijs; normale prijs; regulärer preis; tarif régulier",
    "categories": "categorieën; kategorien; catégories",
    "tags": "schlagwörter; étiquettes",
    "images": "afbeeldingen; bilder",
    "parent": "hoofd; übergeordnetes produkt",
    "brands": "merken; marken; marques",
    "attribute {n} name": (
        "naam eigenschap {n}; attribuut {n} naam; attribut {n} name; nom de l'attribut {n}"
    ),
    "attribute {n} value(s)": (
        "waarde eigenschap {n}; waarde(n) eigenschap {n}; attribuut {n} waarde(n);"
        " attribut {n} wert(e); valeur(s) de l'attribut {n}"
    ),
    "position": "positie",
}
_KNOWN = {
    word.strip().format(n=n): english.format(n=n)
    for english, words in WORDS.items()
    for word in words.split(";")
    for n in NUMBERS
}
_PLAIN = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " "})


def english(columns: list[str]) -> dict[str, str]:
    """Return what the columns of a header are in English, where they are not; lower case both."""
    if set(columns) >= ENGLISH:
        return {}
    found = {name: _KNOWN.get(name.translate(_PLAIN)) for name in columns}
    return {name: known for name, known in found.items() if known}
