"""What is told of a product: people type text, files bring HTML, shoppers see paragraphs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop import descriptions
from shop.models import Product
from tests.properties import examples
from tests.shop.factories import make_brand, make_user, make_variant
from tests.shop.test_by_hand import shown

TYPED = "Warm & round, < 30 cm.\n\nFired twice.\nBy hand."
KEPT = "<p>Warm &amp; round, &lt; 30 cm.</p>\n\n<p>Fired twice.<br>By hand.</p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (TYPED, KEPT),
        ("<b>Round</b><script>1</script>", "<b>Round</b>"),
        ('<p onclick="x()">a</p><img src=x onerror=y>', "<p>a</p>"),
        ("3 <4> 5", "<p>3 &lt;4&gt; 5</p>"),
        ("  \n ", ""),
        ("Caf&eacute;", "<p>Caf&amp;eacute;</p>"),
    ],
)
def test_text_becomes_paragraphs_and_tags_harmless(text, html):
    assert descriptions.as_html(text) == html


def test_a_file_spells_letters_as_it_likes():
    found = descriptions.as_html("Caf&eacute; &amp; bar\n\n&lt;b&gt; is bold", has_entities=True)
    assert found == "<p>Café &amp; bar</p>\n\n<p>&lt;b&gt; is bold</p>"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (KEPT, TYPED),
        ("<p>One</p><p>Two<br />three</p>", "One\n\nTwo\nthree"),
        ("<p>One</p><ul><li>Two</li></ul>", "<p>One</p><ul><li>Two</li></ul>"),
        ("No tag &amp; all", "No tag & all"),
        ("", ""),
    ],
)
def test_what_is_no_more_than_paragraphs_is_shown_as_text(html, text):
    assert descriptions.as_typed(html) == text


@given(st.text(max_size=200))
@settings(max_examples=examples(200), deadline=None)
def test_what_was_typed_is_stable_and_holds_no_tag_but_ours(text):
    html = descriptions.as_html(text)
    assert {
        tag.strip("</> ").lower() for tag in descriptions.A_TAG.findall(html)
    } <= descriptions.TAGS
    again = descriptions.as_html(descriptions.as_typed(html))
    assert descriptions.as_html(descriptions.as_typed(again)) == again


@pytest.mark.django_db
def test_a_brand_types_text_and_edits_text(client):
    owner = make_user()
    variant = make_variant(brand=make_brand(owner=owner))
    client.force_login(owner)
    path = f"/brand/{variant.brand.slug}/products/{variant.product_id}/"

    answer = client.post(path, shown(client, path) | {"description": TYPED})
    assert answer.status_code == 302, answer.content.decode()
    assert Product.objects.get().description == KEPT
    assert client.get(path).context["form"]["description"].value() == TYPED
    client.post(path, shown(client, path) | {"description": TYPED, "title": "Another name"})
    product = Product.objects.get()
    assert (product.title, product.description) == ("Another name", KEPT)
    page = client.get(product.get_absolute_url()).content.decode()
    assert "Warm &amp; round, &lt; 30 cm. Fired twice. By hand." in page
