"""Letters about a dark platform, to many: over one connection, and no one stops the others."""

import socketserver
import threading

import pytest
from django.db import connection
from django.utils import timezone, translation

from affiliates import switchletters
from affiliates.models import PlatformSwitch, SwitchLetter
from config.lib import post
from tests.affiliates.factories import make_user
from tests.creators.factories import make_creator
from tests.security.test_mail import Smtp

pytestmark = pytest.mark.django_db
NOW = timezone.now()


class Counted(Smtp):
    """Counts how often it was called, and hangs up after so many mails."""

    calls: list[int] = []
    hangs_up_after = 1_000

    def handle(self):
        self.calls.append(1)
        self.left = self.hangs_up_after
        super().handle()

    def say(self, code, text):
        super().say(code, text)
        if text == "kept":
            self.left -= 1
            if not self.left:
                self.connection.shutdown(2)


@pytest.fixture
def server(settings):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Counted) as listening:
        listening.daemon_threads = True
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = listening.server_address
        Counted.got.clear()
        Counted.calls.clear()
        Counted.hangs_up_after = 1_000
        yield Counted
        listening.shutdown()


def switch(platform="tiktok") -> PlatformSwitch:
    return PlatformSwitch.objects.create(
        platform=platform, off_from=NOW, state="agreed", agreed_at=NOW, reason="dark"
    )


def letters(row: PlatformSwitch, n: int) -> list[SwitchLetter]:
    people = [make_creator(user=make_user(), at=NOW) for _ in range(n)]
    return [row.letters.create(about="off", creator=one) for one in people]


def test_letters_to_many_go_over_one_connection(server):
    told = letters(switch(), 3)

    assert switchletters.send_waiting(NOW) == 3
    assert sorted(to for to, _subject in server.got) == sorted(
        one.creator.user.email for one in told
    )
    assert len(server.calls) == 1


def test_a_server_that_hangs_up_after_each_mail_gets_them_all_once(server):
    server.hangs_up_after = 1
    told = letters(switch(), 3)

    assert switchletters.send_waiting(NOW) == 3
    assert sorted(to for to, _subject in server.got) == sorted(
        one.creator.user.email for one in told
    )


def test_a_server_that_is_away_is_not_asked_for_each_letter(server, settings):
    waiting = letters(switch(), 2)
    settings.EMAIL_PORT = 1  # nobody listens there

    assert switchletters.send_waiting(NOW) == 0
    assert SwitchLetter.objects.waiting().count() == len(waiting)


def test_a_letter_that_cannot_be_written_stops_no_other_and_is_counted(mailoutbox):
    (broken,) = letters(switch("myspace"), 1)  # no kit is of a platform that we do not know
    (other,) = letters(switch(), 1)

    assert [switchletters.send_waiting(NOW) for _ in range(4)] == [1, 0, 0, 0]
    assert [mail.to for mail in mailoutbox] == [[other.creator.user.email]]
    broken.refresh_from_db()
    assert (broken.attempts, broken.told_at) == (SwitchLetter.TRIES, None)
    assert list(broken.switch.letters.stuck()) == [broken]
    assert not broken.switch.letters.waiting().exists()


def test_a_letter_that_goes_again_after_a_crash_is_the_same_mail(mailoutbox):
    row = switch()
    first, second = letters(row, 2)
    switchletters.send_waiting(NOW)
    SwitchLetter.objects.filter(pk=first.pk).update(told_at=None)  # it was killed before it said so
    switchletters.send_waiting(NOW)

    ids = [mail.message()["Message-ID"] for mail in mailoutbox]
    assert ids[0] == ids[2] != ids[1]


def test_mails_outside_of_a_round_keep_their_own_connection(mailoutbox):
    with translation.override("en"), post.kept_open():
        letters(switch(), 1)
    switchletters.send_waiting(NOW)
    assert len(mailoutbox) == 1
    assert post._line() is None
    assert connection.in_atomic_block  # the test's own
