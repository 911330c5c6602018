"""Pictures of products: fetched from a real server on loopback, kept, shown, swept."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from config.lib import images
from shop import pictures, tasks
from shop.feeds import importer
from shop.models import Image, Product, Variant
from tests.affiliates.factories import sign_in
from tests.config.test_images import made, opened
from tests.shop.factories import make_brand, make_user, make_variant

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 10, 12, tzinfo=UTC)
COLUMNS = (
    "Handle,Title,Option1 Name,Option1 Value,Variant Price,Image Src,Image Alt Text,Variant Image\n"
)


class Shop(ThreadingHTTPServer):
    """Another shop's pictures: path -> (status, headers, body), and which were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status, headers, body = self.server.answers.get(self.path, (404, {}, b"not here"))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def shop(settings):
    with Shop() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.PRIVATE_PICTURES_FROM = server.url
        yield server
        server.shutdown()


def make_image(url, *, product=None, **facts) -> Image:
    product = product or make_variant().product
    return Image.objects.create(product=product, source_url=url, next_try_at=AT, **facts)


def state(image):
    image.refresh_from_db()
    return (bool(image.file), image.problem, image.attempts, image.next_try_at)


def run(brand, tmp_path, *rows):
    path = tmp_path / "feed.csv"
    path.write_text(COLUMNS + "\n".join(rows) + "\n")
    made_run = importer.start(brand, name="feed.csv")
    return importer.import_file(made_run, path, at=AT)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_good_picture_is_ours_afterwards(shop, client, settings, kind):
    shop.answers["/mug"] = (
        200,
        {"Content-Type": "application/x-wrong"},
        made((1600, 900), kind=kind),
    )
    image = make_image(f"{shop.url}/mug")

    assert [pictures.fetch(AT), pictures.fetch(AT)] == [1, 0]

    assert state(image) == (True, "", 0, None)
    assert (image.width, image.height) == (1200, 675)
    for url, width in ((image.large_url, 1200), (image.small_url, 480)):
        answer = client.get(url)
        assert answer["Content-Type"] == "image/webp"
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert not {"Set-Cookie", "Vary"} & set(answer.headers) and not answer.cookies
        assert opened(b"".join(answer.streaming_content)).width == width
    assert shop.asked == ["/mug"]


@pytest.mark.parametrize(
    ("answer", "problem", "asks_again"),
    [
        ((404, {}, b""), "answered:404", True),
        ((500, {}, b""), "answered:500", True),
        ((200, {}, b"<!doctype html><title>Sold out</title>"), "html", True),
        ((200, {}, made()[:90]), "unreadable", True),
        ((302, {"Location": "/mug"}, b""), "redirects", True),
        ((200, {"Content-Type": "image/svg+xml"}, b"<svg xmlns='x'/>"), "svg", False),
        ((200, {}, b"\xff\xd8" + b"x" * images.MAX_BYTES), "large", False),
        ((200, {}, made((1, 1))), "small", False),
    ],
)
def test_what_is_no_picture_is_refused_and_told(shop, answer, problem, asks_again):
    shop.answers["/mug"] = answer
    image = make_image(f"{shop.url}/mug")

    assert pictures.fetch(AT) == 0

    assert state(image) == (False, problem, 1, AT + timedelta(minutes=1) if asks_again else None)
    assert pictures.why(problem) != problem and "answered" not in pictures.why(problem)


def test_a_redirect_is_followed_but_never_into_a_private_network(shop):
    with Shop() as inside:
        threading.Thread(target=inside.serve_forever, args=(0.02,), daemon=True).start()
        inside.answers["/secret"] = (200, {}, made())
        shop.answers["/moved"] = (301, {"Location": "/mug"}, b"")
        shop.answers["/mug"] = (200, {}, made())
        shop.answers["/evil"] = (302, {"Location": f"{inside.url}/secret"}, b"")
        shop.answers["/file"] = (302, {"Location": "file:///etc/hostname"}, b"")
        moved, evil, file, direct = (
            make_image(url) for url in
            (f"{shop.url}/moved", f"{shop.url}/evil", f"{shop.url}/file", f"{inside.url}/secret")
        )  # fmt: skip

        assert pictures.fetch(AT) == 1
        inside.shutdown()

    assert state(moved)[0]
    assert [state(image)[:2] for image in (evil, file, direct)] == [(False, "silent")] * 3
    assert inside.asked == []


def test_it_asks_again_later_and_later_and_then_gives_up(shop):
    image = make_image(f"{shop.url}/gone")
    waits, at = [], AT
    for _attempt in range(6):
        pictures.fetch(at)
        assert pictures.fetch(at) == 0  # not due yet: nobody is asked twice
        image.refresh_from_db()
        waits.append(image.next_try_at and image.next_try_at - at)
        at = image.next_try_at or at

    assert waits == [*pictures.WAITS, None]
    assert len(shop.asked) == 6

    shop.answers["/gone"] = (200, {}, made())
    assert pictures.retry(Image.objects.all(), at) == 1
    assert pictures.fetch(at) == 1
    assert state(image) == (True, "", 0, None)


def test_a_picture_of_a_killed_worker_is_asked_for_after_the_lease(shop):
    shop.answers["/mug"] = (200, {}, made())
    make_image(f"{shop.url}/mug")
    pictures._claim(AT)

    assert pictures.fetch(AT + timedelta(minutes=4)) == 0
    assert pictures.fetch(AT + timedelta(minutes=6)) == 1


def test_first_pictures_come_before_second_ones(shop):
    product = make_variant().product
    make_image(f"{shop.url}/1b", product=product, position=1)
    make_image(f"{shop.url}/1a", product=product, position=0)
    make_image(f"{shop.url}/2a")
    archived = make_image(f"{shop.url}/old")
    Product.objects.filter(pk=archived.product_id).update(status="archived")

    urls = [image.source_url.removeprefix(shop.url) for image in Image.objects.due(AT)]

    assert urls == ["/1a", "/2a", "/1b"]


class TestOfAFeed:
    ROWS = (
        "pot,Pot,Size,S,5,{0}/front.png,From the front,{0}/s.png",
        "pot,,,L,6,{0}/back.png,,{0}/front.png",
        "pot,,,,,{0}/back.png,,",
    )

    def import_it(self, shop, tmp_path, rows=ROWS, brand=None):
        brand = brand or make_brand()
        run(brand, tmp_path, *(row.format(shop.url) for row in rows))
        return brand

    def paths(self, shop, brand):
        rows = Image.objects.filter(product__brand=brand).order_by("position", "id")
        return [image.source_url.removeprefix(shop.url) for image in rows]

    def test_pictures_keep_their_order_and_variants_have_theirs(self, shop, tmp_path):
        brand = self.import_it(shop, tmp_path)

        assert self.paths(shop, brand) == ["/front.png", "/back.png", "/s.png"]
        chosen = {v.label: v.picture.source_url for v in Variant.objects.filter(brand=brand)}
        assert chosen == {"S": f"{shop.url}/s.png", "L": f"{shop.url}/front.png"}
        assert Image.objects.first().alt == "From the front"

    def test_a_change_keeps_what_is_known_and_what_was_uploaded(self, shop, tmp_path):
        for name in ("front", "back", "s"):
            shop.answers[f"/{name}.png"] = (200, {}, made(color=name == "s" and "red" or "blue"))
        brand = self.import_it(shop, tmp_path)
        assert pictures.fetch(AT) == 3
        product = Product.objects.get(brand=brand)
        assert pictures.add(product, [images.encode(made(color="green"))]) == 1
        product.images.filter(source_url="").update(position=0)
        before = dict(Image.objects.values_list("source_url", "pk"))

        rows = [self.ROWS[1].replace(",,,L", ",Pot,Size,L"), self.ROWS[0].replace("Pot,Size", ",")]
        self.import_it(shop, tmp_path, rows, brand)

        assert self.paths(shop, brand) == ["", "/back.png", "/front.png", "/s.png"]
        assert dict(Image.objects.values_list("source_url", "pk")) == before
        assert pictures.fetch(AT) == 0 and len(shop.asked) == 3

        self.import_it(shop, tmp_path, [self.ROWS[0]], brand)
        assert self.paths(shop, brand) == ["", "/front.png", "/s.png"]

    def test_the_brand_sees_what_failed_and_asks_again(self, shop, tmp_path, client):
        owner = make_user()
        brand = self.import_it(shop, tmp_path, brand=make_brand(owner=owner))
        pictures.fetch(timezone.now())
        client.force_login(owner)
        path = f"/brand/{brand.slug}/feeds/{brand.feeds.get().runs.get().pk}/"

        page = client.get(path).content.decode()
        assert "3 are still to be fetched" in page
        assert f"{shop.url}/front.png" in page
        assert "the address answers with an error (404)" in page

        Image.objects.update(next_try_at=None)
        answer = client.post(f"{path}pictures/", follow=True)
        assert "We ask for 3 pictures again." in answer.content.decode()
        assert Image.objects.due(timezone.now()).count() == 3

    def test_the_task_fetches_once_at_a_time(self, shop, tmp_path):
        shop.answers["/front.png"] = (200, {}, made())
        self.import_it(shop, tmp_path)
        assert tasks.cache.add(tasks.FETCHING, True, 60)
        assert tasks.fetch_pictures() == 0
        tasks.cache.delete(tasks.FETCHING)

        assert tasks.fetch_pictures() == 1


class TestShown:
    def test_cards_and_the_page_show_the_photo_and_fall_back_to_the_drawing(self, client):
        photo, plain = make_variant(title="Photo"), make_variant(title="Plain")
        pictures.add(photo.product, [images.encode(made((1400, 700)))])
        make_image("https://shop.example/not-here.jpg", product=plain.product)
        image = photo.product.images.get()

        listing = client.get("/shop/").content.decode()
        page = client.get(photo.product.get_absolute_url()).content.decode()

        srcset = f'srcset="{image.small_url} 480w, {image.large_url} 1200w"'
        assert (
            f'<img src="{image.small_url}" alt="" width="1200" height="600" loading="lazy"'
            in listing
        )
        assert srcset in listing and srcset in page
        assert "/static/img/art/" in listing and "shop.example" not in listing
        assert "/static/img/art/" in client.get(plain.product.get_absolute_url()).content.decode()

    def test_the_chosen_variant_shows_its_own_picture(self, client):
        variant = make_variant()
        other = make_variant(product=variant.product, brand=variant.brand)
        pictures.add(variant.product, [images.encode(made(color=c)) for c in ("red", "blue")])
        other.picture = variant.product.images.last()
        other.save()

        page = client.get(f"{variant.product.get_absolute_url()}?variant={other.pk}")

        assert page.context["shown"] == other.picture

    def test_other_uploads_are_not_open_to_everybody(self, client, settings):
        open_to_all = f"pictures/aa/{'a' * 40}-l.webp"
        for name in ("feeds/1-catalogue.csv", "checks/1.png", open_to_all):
            Path(settings.MEDIA_ROOT, name).parent.mkdir(parents=True, exist_ok=True)
            Path(settings.MEDIA_ROOT, name).write_bytes(b"x")

        assert client.get(f"/media/{open_to_all}").status_code == 200
        for path in ("feeds/1-catalogue.csv", "checks/1.png", "pictures/../checks/1.png"):
            assert client.get(f"/media/{path}").status_code in {302, 404}
        client.force_login(make_user())
        assert client.get("/media/checks/1.png").status_code == 403
        sign_in(client, make_user(is_staff=True, is_superuser=True))
        assert client.get("/media/checks/1.png").status_code == 200


class TestByHand:
    @pytest.fixture
    def form(self, client):
        owner = make_user()
        variant = make_variant(brand=make_brand(owner=owner))
        client.force_login(owner)
        path = f"/brand/{variant.brand.slug}/products/{variant.product_id}/"
        fields = {
            "title": "Mug", "category": variant.product.category_id, "tax_class": "standard",
            "withdrawal": "yes", "sells_at": "here", "images-TOTAL_FORMS": 0,
            "images-INITIAL_FORMS": 0, "variants-TOTAL_FORMS": 1, "variants-INITIAL_FORMS": 1,
            "variants-0-id": variant.pk, "variants-0-price": "5", "variants-0-sku": "mug",
        }  # fmt: skip

        def send(**more):
            existing = {}
            rows = list(variant.product.images.all())
            for n, image in enumerate(rows):
                existing |= {f"images-{n}-id": image.pk, f"images-{n}-position": image.position}
            existing |= {"images-TOTAL_FORMS": len(rows), "images-INITIAL_FORMS": len(rows)}
            return client.post(path, fields | existing | more)

        send.product = variant.product
        return send

    def file(self, body, name="mug.png"):
        return SimpleUploadedFile(name, body, "image/png")

    def test_pictures_are_uploaded_put_in_order_and_taken_away(self, form):
        colors = ("red", "blue", "green")
        assert form(pictures=[self.file(made(color=c)) for c in colors]).status_code == 302
        first, second, third = form.product.images.all()
        assert [image.position for image in (first, second, third)] == [0, 1, 2]

        changes = {"images-0-position": 5, "images-0-alt": "A red mug", "images-1-DELETE": "on"}
        assert form(**changes).status_code == 302

        assert list(form.product.images.all()) == [third, first]
        assert form.product.images.last().alt == "A red mug"

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"<svg xmlns='x'/>", "this is an SVG drawing"),
            (b"\xff\xd8" + b"x" * images.MAX_BYTES, "the file is larger than 10 MB"),
            (b"MZ an executable", "this is no JPEG, PNG, WebP or GIF picture"),
        ],
    )
    def test_a_bad_file_is_told_at_the_field(self, form, body, words):
        page = form(pictures=[self.file(made()), self.file(body, "bad.png")])

        assert page.status_code == 422
        (error,) = page.context["form"].errors["pictures"]
        assert error.startswith(f"bad.png: {words}")
        assert not form.product.images.exists()

    def test_there_is_a_limit_and_a_lost_choice_is_told(self, form):
        def send(n):
            return form(pictures=[self.file(made((20, 20))) for _n in range(n)])

        assert "at most 10" in send(11).context["form"].errors["pictures"][0]
        assert [send(10).status_code, send(10).status_code] == [302, 302]
        assert "at most 20" in send(1).context["form"].errors["pictures"][0]

        form.product.images.all().delete()
        lost = form(pictures=self.file(made()), title="")
        assert "again" in lost.context["form"].errors["pictures"][0]


def test_files_that_nothing_shows_are_swept_after_a_day(settings):
    product = make_variant().product
    pictures.add(product, [images.encode(made(color=c)) for c in ("red", "blue", "red")])
    used = product.images.first()
    product.images.exclude(file=used.file.name).delete()
    folder = Path(settings.MEDIA_ROOT)
    assert len(list(folder.rglob("*.webp"))) == 4
    assert pictures.sweep(time.time()) == 0
    for path in folder.rglob("*.webp"):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))

    assert [pictures.sweep(time.time()), pictures.sweep(time.time())] == [2, 0]
    assert sorted(path.name[-7:] for path in folder.rglob("*.webp")) == ["-l.webp", "-s.webp"]
    assert Path(used.file.path).exists()
