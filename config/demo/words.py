"""Invented words that a demo market is made of. Nobody and no company in it exists."""

FIRST_NAMES = """Aafke Abel Ada Aiko Aline Amira Anouk Arda Astrid Bas Bente Bo Britt Camille Carmen Casper Cato Chiara Daan
Dana Diego Dilan Eefje Elif Elin Emil Enzo Eva Fenna Femke Fien Finn Floor Freya Gijs Giulia Guus Hanna Hidde Hugo Ida
Imke Ines Iris Isa Ivo Jana Jip Joris Juna Juul Kaatje Karim Kees Koen Lara Lars Lea Lena Lieke Linde Liv Loes Lotte Luca
Luna Maartje Mads Maja Malou Marit Mats Merel Mila Mina Nadia Nienke Nina Noor Nora Okke Olga Otis Pepijn Petra Pim Pleun
Puck Quint Rafa Raja Renske Rosa Roos Ruben Sanne Selma Senna Siem Sofie Sterre Sven Tess Thijs Tijn Tine Tomas Ulla Veerle
Vera Wende Willem Wout Xaver Yara Yfke Zara Zoë""".split()
LAST_NAMES = """Aalderkamp Akkervelt Bramenhof Brinkzand Dauwendaal Dijksterhaag Elzenbeek Everduin Fluitenkruid Gagelveen
Grasmeijer Havikslaan Heidezoom Ijsvogel Jonkerduin Kamillehof Kiezelbeek Klaverweide Kwartelman Leemhuizen Lindenzoom
Lommerrijk Meidoornveld Molenkolk Mosterdzaad Nachtzwaluw Notenboomer Oeverloper Paardenbloemer Pluimgras Rietzanger
Ringslang Roerdomper Schapenzuring Sleedoorn Speenkruid Sterremuur Tamarinde Tureluur Ureterp Valeriaan Veldleeuwerik
Vlierbes Vuurdoorn Waterlelie Wederik Wilgenroos Wolkenveld Zandkever Zeekraal Zilverschoon Zonnedauw""".split()
CITIES = """Dauwerveen Molenkerk Zandwolde Rietmonde Lommerdam Kiezelhaven Weidenrade Klaverburg Duinsluis
Oeverstad Hommelbroek Vlierendonk""".split()
COUNTRIES = {
    "NL": 56,
    "BE": 14,
    "DE": 10,
    "FR": 6,
    "ES": 4,
    "IT": 4,
    "DK": 2,
    "PL": 2,
    "IE": 1,
    "SE": 1,
}
LANGUAGES = {
    "NL": ["nl"], "BE": ["nl", "fr"], "DE": ["de"], "FR": ["fr"], "ES": ["es"], "IT": ["it"],
    "DK": ["da"], "PL": ["pl"], "IE": ["en"], "SE": ["sv"],
}  # fmt: skip
BIOS = [
    "Small home, big plans. I try things before I show them.",
    "Three shelves, one camera, no scripts.",
    "I make what I can and buy the rest from small brands.",
    "Weekdays at a desk, weekends outside.",
    "Honest about what broke, happy about what lasted.",
    "Slow living on a fast street.",
    "Everything on this page sits in my own kitchen.",
    "Learning out loud since 2021.",
]

BRAND_HEADS = """Dauw Duin Zilt Lommer Kaap Wolk Molen Vonk Kiezel Riet Merel Mos Klaver Honk Linde Wad Stuif Klei Beuk Roer
Heg Kroon Zoom Vlier Kwast Sluis Brem Tij Ooft Gors""".split()
BRAND_TAILS = {
    "bags": ["Draad", "Tas", "Knoop"], "baskets": ["Mand", "Vlecht", "Wilg"],
    "cycling": ["Wiel", "Spaak", "Pad"], "bread": ["Meel", "Korst", "Deeg"],
    "candles": ["Vlam", "Was", "Gloed"], "games": ["Pion", "Zet", "Worp"],
    "pantry": ["Pot", "Oogst", "Kruid"], "lighting": ["Licht", "Kap", "Schijn"],
    "plants": ["Blad", "Stek", "Wortel"], "care": ["Schuim", "Zeep", "Balsem"],
    "crafts": ["Wol", "Garen", "Steek"], "kitchen": ["Klei", "Kom", "Servies"],
}  # fmt: skip

# What each shelf holds: things, what they are made of, prices in cents, sizes or colours.
COLOURS = ["moss", "clay", "ink", "sand", "sky"]
SHELVES = {
    "bags": (["tote bag", "weekend bag", "backpack", "pencil case", "belt bag", "laptop sleeve"],
             ["Canvas", "Linen", "Waxed cotton", "Recycled sailcloth", "Cork"], (1900, 9900), COLOURS),
    "baskets": (["laundry basket", "bread basket", "storage box", "bike basket", "wall basket"],
                ["Willow", "Seagrass", "Rope", "Felt", "Bamboo"], (1500, 6900), ["small", "medium", "large"]),
    "cycling": (["bell", "pannier", "rain cape", "tool roll", "bottle", "hand warmers"],
                ["City", "Touring", "Reflective", "Brass", "Merino"], (1200, 8900), COLOURS),
    "bread": (["sourdough set", "rye mix", "baking box", "crispbread", "oat cookies", "pancake mix"],
              ["Stone-ground", "Wholegrain", "Spelt", "Farmhouse", "Seeded"], (450, 2900), ["single", "double"]),
    "candles": (["candle", "tealights", "scent sticks", "pillar candle", "wax melts"],
                ["Beeswax", "Rapeseed wax", "Pine", "Orange and clove", "Sea salt"], (690, 3900), ["small", "large"]),
    "games": (["card game", "puzzle", "dice game", "memory game", "travel game", "word game"],
              ["Wooden", "Pocket", "Polder", "Night", "Family"], (890, 4900), ["standard"]),
    "pantry": (["jam", "chutney", "mustard", "honey", "pickles", "nut butter", "herb salt"],
               ["Plum", "Rhubarb", "Smoked", "Wild garlic", "Pumpkin", "Hazelnut"], (350, 1900), ["one jar", "three jars"]),
    "lighting": (["desk lamp", "lampshade", "night light", "wall light", "string lights"],
                 ["Paper", "Oak", "Glass", "Ceramic", "Steel"], (2900, 14900), ["ivory", "green", "blue"]),
    "plants": (["seed box", "planter", "herb kit", "bulb mix", "watering can", "cutting set"],
               ["Balcony", "Shade", "Meadow", "Windowsill", "Kitchen"], (590, 4900), ["small", "large"]),
    "care": (["soap bar", "hand balm", "shampoo bar", "body oil", "lip balm", "bath salt"],
             ["Oat", "Lavender", "Sea buckthorn", "Charcoal", "Calendula"], (490, 3400), ["single", "set of three"]),
    "crafts": (["yarn", "knitting kit", "embroidery set", "felt set", "sewing kit", "crochet hook"],
               ["Merino", "Alpaca", "Organic cotton", "Linen", "Rainbow"], (590, 5900), COLOURS),
    "kitchen": (["mug", "bowl", "plate", "teapot", "cutting board", "tea towel", "apron"],
                ["Speckled", "Stoneware", "Beech", "Blue glaze", "Linen"], (890, 5900), ["one", "set of two", "set of four"]),
}  # fmt: skip
FOOD = {"bread", "pantry"}
WARNINGS = "None. A demo product: it exists in this market only."
INGREDIENTS = {"bread": "Flour, water, salt, seeds", "pantry": "Fruit, sugar, vinegar, herbs"}
ALLERGENS = {"bread": "Gluten; may hold sesame", "pantry": "May hold mustard and nuts"}
NICHES_OF = {  # which subjects sell which shelf
    "bags": ["fashion", "travel"], "baskets": ["home", "sustainable"], "cycling": ["cycling", "travel"],
    "bread": ["food", "family"], "candles": ["home", "beauty"], "games": ["games", "family"],
    "pantry": ["food", "sustainable"], "lighting": ["home", "tech"], "plants": ["garden", "sustainable"],
    "care": ["beauty", "sustainable"], "crafts": ["crafts", "family"], "kitchen": ["home", "food"],
}  # fmt: skip
