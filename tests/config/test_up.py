"""`manage.py up`: one per data directory, heals every part, leaves nothing behind."""

import os
import signal

import pytest

from tests.running import ENGINES, PARTS, Market, gone, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Prepared by the first test, found ready by the others."""
    return tmp_path_factory.mktemp("market")


@pytest.fixture
def market(home):
    market = Market(home)
    yield market
    market.stop()


def test_every_part_that_is_killed_comes_back(market):
    for name in [*PARTS, *ENGINES]:
        old = market.pid(name)
        os.kill(old, signal.SIGKILL)

        assert until(lambda name=name, old=old: market.pid(name) not in {old, None}), name
        assert until(market.ready), name


def test_a_second_up_refuses_in_one_line(market):
    out, err, code = market.refused()

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("This market is already up")


def test_a_port_in_use_is_said_in_one_line(market, tmp_path):
    market.env["DATA_DIR"] = str(tmp_path / "other")
    out, err, code = market.refused()

    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"Port {market.port} is in use.")


def test_ctrl_c_ends_everything(market):
    pids = [market.pid(name) for name in [*PARTS, *ENGINES]]

    assert market.stop() == 0
    assert all(gone(pid) for pid in pids)


def test_a_killed_up_leaves_no_part_and_starts_again(market):
    pids = [market.pid(name) for name in PARTS]
    market.process.kill()
    market.process.wait()

    assert until(lambda: all(map(gone, pids)))
    market.start()
    assert market.ready()
