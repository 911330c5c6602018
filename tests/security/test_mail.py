"""One bad address or title must not stop the letters of everybody else."""

import socketserver
import threading
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone

from affiliates import caseletters
from config.lib import post
from creators import cases, reports
from shop import postroom, tasks
from shop.models import Order, OrderLetter, Product, Trouble
from tests.affiliates.factories import make_brand, make_order
from tests.shop.factories import make_user, make_variant

pytestmark = pytest.mark.django_db


class Smtp(socketserver.StreamRequestHandler):
    """A mail server that knows nobody at nowhere.example, and is busy for busy.example."""

    got: list[tuple[str, str]] = []

    def handle(self):
        self.say(220, "ready")
        for line in self.rfile:
            words = line.decode().strip()
            if words.upper().startswith("RCPT"):
                self.to = words[words.index("<") + 1 : words.index(">")]
                code = {"nowhere.example": 550, "busy.example": 451}
                self.say(code.get(self.to.partition("@")[2], 250), "as you like")
            elif words.upper() == "DATA":
                self.say(354, "go on")
                head = b"".join(iter(self.rfile.readline, b".\r\n"))
                if b"lottery" in head:
                    self.say(554, "no spam")
                    continue
                subject = head.decode().partition("Subject: ")[2].partition("\r\n")[0]
                self.got.append((self.to, subject))
                self.say(250, "kept")
            else:
                self.say(250, "as you like")

    def say(self, code, text):
        self.wfile.write(f"{code} {text}\r\n".encode())


@pytest.fixture
def inbox(settings):
    """What the mail server kept: (address, subject) each."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        Smtp.got.clear()
        yield Smtp.got
        server.shutdown()


def report(email, title="A thing"):
    variant = make_variant()
    Product.objects.filter(pk=variant.product_id).update(title=title)
    page = f"/report/product/{variant.product_id}/"
    word = {"ground": reports.Report.Ground.values[0], "good_faith": "on", "email": email,
            "text": "This is not what it says."}  # fmt: skip
    assert Client().post(page, word).status_code == 302


def test_a_report_with_a_dead_address_holds_no_other_letter_up(inbox):
    report("mallory@nowhere.example")
    report("noor@people.example")

    assert caseletters.send_waiting() == 2
    assert [address for address, _subject in inbox] == ["noor@people.example"]
    assert caseletters.send_waiting() == 0


def test_a_title_of_two_lines_is_no_header_and_stops_nothing(inbox):
    report("noor@people.example", title="Mug\nBcc: all@people.example")
    case = reports.Report.objects.get().case
    caseletters.send_waiting()
    said = "It is what it says."
    cases.decide(case, False, by=make_user(), reason=said, at=timezone.now())

    caseletters.send_waiting()

    told = [subject for address, subject in inbox if address == "noor@people.example"]
    assert told[-1].startswith("Decision on a report about Mug Bcc:")


def test_a_busy_server_is_asked_again(inbox):
    with pytest.raises(OSError, match="451"):
        post.send(EmailMessage("Hello", "x", None, ["ann@busy.example"]))


def test_a_mail_that_is_refused_for_its_words_is_not_tried_for_ever(inbox):
    assert post.send(EmailMessage("Hello", "a lottery", None, ["ann@people.example"])) is False
    with pytest.raises(post.NotNow):
        post.send(EmailMessage("Hello", "x", None, ["ann@busy.example"]))


def test_a_busy_address_holds_no_letter_of_an_order_up(inbox):
    at = timezone.now()
    for email in ("mallory@busy.example", "noor@people.example"):
        letter(email, at)

    assert postroom.send_waiting(at) == 1
    assert [address for address, _subject in inbox] == ["noor@people.example"]
    busy = OrderLetter.objects.get(sent_at=None)
    assert busy.attempts == 1
    assert postroom.send_waiting(at + timedelta(seconds=30)) == 0
    busy.refresh_from_db()
    assert busy.attempts == 1  # it has its pause
    postroom.send_waiting(at + timedelta(minutes=2))
    busy.refresh_from_db()
    assert busy.attempts == 2


def letter(email, at) -> OrderLetter:
    order = make_order({"brand": make_brand()}, email=email)
    made = Trouble.objects.create(
        brand_order=order.parts.get(), kind="damaged", words="Broken", asked_at=at, answer_by=at
    )
    return OrderLetter.objects.create(
        kind="trouble_asked", about=made.pk, order=order, to=email, written_at=at
    )


def test_mails_that_are_refused_keep_no_stock(inbox):
    lapsed, slow = (make_order({"brand": make_brand()}, paid=False) for _n in range(2))
    past = timezone.now() - timedelta(minutes=1)
    Order.objects.filter(pk=lapsed.pk).update(expires_at=past)
    Order.objects.filter(pk=slow.pk).update(payment_news="processing", email="mallory@busy.example")

    tasks.release_reservations()

    lapsed.refresh_from_db()
    slow.refresh_from_db()
    assert lapsed.status == "cancelled"
    assert slow.payment_news == "processing"  # it is told later
