"""What is taken as a password, and what is not."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

LEAKED = "sunshine-and-rain-1987"


class Leaks(BaseHTTPRequestHandler):
    """Answers as Pwned Passwords does: the ends of the hashes that begin alike."""

    asked, status = [], 200

    def do_GET(self):
        Leaks.asked.append(self.path)
        digest = hashlib.sha1(LEAKED.encode()).hexdigest().upper()  # noqa: S324
        padding = "0018A45C4D1DEF81644B54AB7F969B88D65:0"
        self.send_response(Leaks.status)
        self.end_headers()
        self.wfile.write(f"{padding}\r\n{digest[5:]}:12\r\n".encode())

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def leaks(settings):
    Leaks.asked, Leaks.status = [], 200
    with ThreadingHTTPServer(("127.0.0.1", 0), Leaks) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
        settings.LEAKED_PASSWORDS_URL = f"http://127.0.0.1:{httpd.server_port}/range/"
        yield Leaks
        httpd.shutdown()


def codes(password, user=None) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        return [error.code for error in refusal.error_list]
    return []


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("elf-tekens1", ["password_too_short"]),
        ("onlysmallletters", []),
        ("twaalf tekens en 🦊", []),
        ("x" * 40 + "een lange zin die niemand raadt" * 3, []),
        ("qwerty123456", ["password_too_common"]),
        ("83920 57164 20938", []),
        ("thousand-2026", ["password_site_words"]),
        ("WelkomDuizend1", ["password_site_words"]),
        ("AdminSupport!!", ["password_site_words"]),
        ("a market of seven wild geese", []),
    ],
)
def test_length_counts_and_words_of_this_site_do_not(password, said):
    found = codes(password)
    assert [code for code in found if code in said] == said
    assert bool(found) == bool(said)


def test_what_leaked_elsewhere_is_refused_and_only_five_characters_leave(leaks):
    assert codes(LEAKED) == ["password_leaked"]
    assert codes(LEAKED + "x") == []

    first = hashlib.sha1(LEAKED.encode()).hexdigest().upper()[:5]  # noqa: S324
    assert leaks.asked[0] == f"/range/{first}"
    assert all(len(path.rpartition("/")[2]) == 5 for path in leaks.asked)


def test_without_an_answer_a_password_is_taken(leaks, settings):
    leaks.status = 503
    assert codes(LEAKED) == []
    settings.LEAKED_PASSWORDS_URL = "http://127.0.0.1:9/range/"
    assert codes(LEAKED) == []


@pytest.mark.django_db
def test_signing_up_is_refused_with_a_password_that_leaked(client, leaks):
    form = {"email": "noor@people.example", "password1": LEAKED}
    answer = client.post("/accounts/signup/", form)

    assert "leaked at another site" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_password_is_kept_as_argon2id_and_as_it_was_typed():
    user = User.objects.create_user("noor", "noor@people.example", " Spaces and CASE 4711 ")

    assert user.password.startswith("argon2$argon2id$")
    assert user.check_password(" Spaces and CASE 4711 ")
    assert not user.check_password("Spaces and CASE 4711")
    assert not user.check_password(" spaces and case 4711 ")
