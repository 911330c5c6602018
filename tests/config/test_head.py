"""HEAD is answered wherever GET is: monitors and previews ask with it."""

from config import checks


def test_every_page_of_ours_that_answers_get_answers_head():
    ours = [route for route in checks.routes() if route.view.split(".")[0] in checks.OURS]
    assert ours
    assert [r.pattern for r in ours if "GET" in r.methods and "HEAD" not in r.methods] == []
