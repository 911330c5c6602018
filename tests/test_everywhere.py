"""Every page of ours answers in a filled market, in Dutch, and none is forgotten."""

import re

import pytest

from config import checks
from config.demo.world import Size
from tests import everywhere, harness

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
LANGUAGE = re.compile(r'<html lang="(\w+)"')


def test_every_page_has_something_to_show_and_none_is_forgotten():
    harness.fill_market(Size(12, 2, 8, 120))
    clients = everywhere.everybody()
    shown, wrong = set(), []
    visits = everywhere.visits(clients)
    for visit in visits:
        if visit.name.startswith("admin:"):
            continue  # the desk's are opened in a browser
        answer = clients[visit.who].get(visit.path, headers={"accept-language": "nl"})
        if answer.status_code == 302:
            continue
        shown.add(visit.name)
        if answer.status_code != 200 or LANGUAGE.findall(answer.content.decode()) != ["nl"]:
            wrong.append((visit.name, visit.path, answer.status_code))
    desk = {visit.name for visit in visits if visit.name.startswith("admin:")}

    assert "\n".join(map(str, wrong)) == ""
    names = {route.name for route in checks.routes() if "GET" in route.methods and route.name}
    left = {n for n in names - shown - desk if not everywhere.NO_PAGE.match(n)}
    left -= {
        n for n in left if n.endswith(("_add", "_change"))
    }  # of what has no row, or nobody adds by hand
    assert "\n".join(sorted(left)) == ""
