"""What the clock rings is there, once."""

from config import schedule
from config.celery import app


def test_every_task_that_is_rung_exists_and_has_a_name_of_its_own():
    app.loader.import_default_modules()

    assert {task for _name, task, _seconds in schedule.EVERY} <= set(app.tasks)
    assert len(schedule.BEAT) == len(schedule.EVERY)


def test_a_message_that_nobody_took_is_gone_when_the_next_one_comes():
    assert all(entry["options"]["expires"] == entry["schedule"] for entry in schedule.BEAT.values())
