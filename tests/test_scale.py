"""A market on seven hosts, some of which are cut off or die in a night: nothing is lost."""

import pytest

from tests.scale import __main__ as scale
from tests.scale import network

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_night_is_completed_whatever_happens_to_its_hosts(tmp_path):
    if reason := network.why_not():
        pytest.skip(f"no hosts can be made here: {reason}")
    found = scale.run(tmp_path)

    assert scale.holds(found), found
