"""The first version of the terms, in plain words, for each of the four kinds."""

from datetime import UTC, datetime

from django.db import migrations

EFFECTIVE_FROM = datetime(2026, 1, 1, tzinfo=UTC)

CREATOR_EN = """What you agree to as a creator

1. You are 18 or older and the channels that you connect are yours.
2. You say clearly that a post is an advertisement, at its beginning: #ad or "Ad".
3. You only claim what is true. You do not buy through your own links and you do not pay for clicks.
4. You earn a commission on every sale that your link or your code brings, at the rate that the page showed when you took the link. A lower rate counts for you only 30 days after you took the link and 7 days after we told you.
5. A sale is yours when the return time is over. What a shopper sends back earns nothing.
6. We pay every Friday what is yours from 10 euro. We never charge you a fee for a small or a quiet account.
7. We read the follower counts of your channels for as long as they are connected. Disconnect one and its readings are deleted.
8. When we think that a rule was broken, we tell you which sale it is about. You have 30 days to answer and only that sale waits. Another person hears your appeal.
9. You may leave whenever you want. What you earned is still paid.
"""
CREATOR_NL = """Waar je als creator mee instemt

1. Je bent 18 jaar of ouder en de kanalen die je koppelt zijn van jou.
2. Je zegt duidelijk aan het begin dat een bericht reclame is: #ad of "Advertentie".
3. Je beweert alleen wat waar is. Je koopt niet via je eigen links en je betaalt niet voor kliks.
4. Je verdient commissie over elke verkoop via je link of je code, tegen het percentage dat de pagina toonde toen je de link nam. Een lager percentage geldt voor jou pas 30 dagen nadat je de link nam en 7 dagen nadat we het je lieten weten.
5. Een verkoop is van jou zodra de retourtermijn voorbij is. Wat een koper terugstuurt, levert niets op.
6. We betalen elke vrijdag uit wat van jou is, vanaf 10 euro. Een klein of stil account kost je nooit iets.
7. We lezen de volgersaantallen van je kanalen zolang ze gekoppeld zijn. Ontkoppel je een kanaal, dan wissen we de metingen.
8. Denken we dat een regel is overtreden, dan zeggen we om welke verkoop het gaat. Je hebt 30 dagen om te antwoorden en alleen die verkoop wacht. Een ander beoordeelt je bezwaar.
9. Je mag altijd weg. Wat je hebt verdiend, betalen we uit.
"""
BRAND_EN = """What you agree to as a brand

1. You are a trader, your details are true, and you offer only products that comply with European law.
2. You sell to the shopper. Your name is on the product page and on the invoice, which we issue on your behalf.
3. You set the commission that creators earn. You may raise it at any moment. A cut counts for existing links only after the notice that the page names.
4. You owe a commission and our fee only for what was sold through a creator. Both are reserved when the shopper pays. A refund gives them back.
5. You deliver in time, report the delivery, and accept returns for at least 14 days where the law says so.
6. You pay no creator outside this market for sales that this market brought.
7. Creators are people, not employees: you may ask, not order, and you never ask for a review that is not honest.
8. We may stop showing products that break the law or these rules, and we tell you why. You may object.
9. You may leave with a month's notice. Commissions that were earned stay owed.
"""
BRAND_NL = """Waar je als merk mee instemt

1. Je bent ondernemer, je gegevens kloppen en je biedt alleen producten aan die aan de Europese regels voldoen.
2. Jij verkoopt aan de koper. Jouw naam staat op de productpagina en op de factuur, die wij namens jou opmaken.
3. Jij bepaalt de commissie voor creators. Verhogen mag altijd. Een verlaging geldt voor bestaande links pas na de termijn die de pagina noemt.
4. Je betaalt alleen commissie en onze vergoeding over wat via een creator is verkocht. Beide worden gereserveerd als de koper betaalt. Bij een terugbetaling krijg je ze terug.
5. Je levert op tijd, meldt de levering en neemt minstens 14 dagen retouren aan waar de wet dat zegt.
6. Je betaalt creators niet buiten deze markt om voor verkopen die deze markt bracht.
7. Creators zijn geen werknemers: je mag vragen, niet opdragen, en je vraagt nooit om een oneerlijk oordeel.
8. Producten die de wet of deze regels breken, kunnen we verbergen. We zeggen waarom. Je kunt bezwaar maken.
9. Je kunt opzeggen met een maand termijn. Verdiende commissies blijven verschuldigd.
"""
SHOPPER_EN = """What you agree to when you buy

1. You buy from the brand that the page names. It delivers, and it is the one to answer for the product.
2. Prices include VAT. Shipping is shown before you pay.
3. You have 14 days after delivery to change your mind, unless the page says that this product cannot be returned. One button on your order page is enough.
4. You get your money back within 14 days, in the way that you paid.
5. A creator may earn a commission when you buy through a link. The page says so. It costs you nothing extra.
6. We use your details for this order only. The creator does not learn who you are.
"""
SHOPPER_NL = """Waar je mee instemt als je koopt

1. Je koopt van het merk dat de pagina noemt. Dat levert en staat in voor het product.
2. Prijzen zijn inclusief btw. Verzendkosten zie je voordat je betaalt.
3. Je hebt na levering 14 dagen bedenktijd, tenzij de pagina zegt dat dit product niet terug kan. Eén knop op je bestelpagina is genoeg.
4. Je krijgt je geld binnen 14 dagen terug, op de manier waarop je betaalde.
5. Een creator kan commissie verdienen als je via een link koopt. De pagina zegt dat. Het kost je niets extra.
6. We gebruiken je gegevens alleen voor deze bestelling. De creator weet niet wie je bent.
"""
SELF_BILLING_EN = """Self-billing agreement

1. You sell advertising to Thousand. We write the invoice for it in your name, one for each payout, numbered for you alone.
2. Your tax details are true and you tell us when they change. We use the details that hold on the day of the payout.
3. You do not send your own invoice for the same payout.
4. You may object to an invoice within 14 days. After that it counts as accepted.
5. This agreement holds until you or we end it. Ending it stops payouts until there is another way to invoice.
"""
SELF_BILLING_NL = """Afspraak over facturen namens jou

1. Je verkoopt reclame aan Thousand. Wij maken daarvoor de factuur in jouw naam, één per uitbetaling, met een eigen nummering voor jou.
2. Je belastinggegevens kloppen en je meldt het als ze veranderen. We gebruiken de gegevens die gelden op de dag van uitbetaling.
3. Je stuurt zelf geen factuur voor dezelfde uitbetaling.
4. Je kunt binnen 14 dagen bezwaar maken tegen een factuur. Daarna geldt hij als aanvaard.
5. Deze afspraak geldt tot jij of wij haar beëindigen. Daarna wachten uitbetalingen tot er een andere manier van factureren is.
"""
TERMS = [
    ("creator", CREATOR_EN, CREATOR_NL),
    ("brand", BRAND_EN, BRAND_NL),
    ("shopper", SHOPPER_EN, SHOPPER_NL),
    ("self_billing", SELF_BILLING_EN, SELF_BILLING_NL),
]


def seed(apps, schema_editor):
    terms = apps.get_model("shop", "Terms")
    terms.objects.bulk_create(
        [
            terms(
                kind=kind, version=1, text=en, text_nl=nl,
                effective_from=EFFECTIVE_FROM, published_at=EFFECTIVE_FROM,
            )
            for kind, en, nl in TERMS
        ],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0003_tax_rates_to_start_with"),
    ]
    replaces = [
        ("shop", "0004_seed_terms"),
        ("shop", "0014_first_terms_are_published"),
    ]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
