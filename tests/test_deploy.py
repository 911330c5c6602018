"""The files of `deploy/` name only parts, commands and settings that there are."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from tests import harness

DEPLOY = harness.ROOT / "deploy"
PARTS = {"web", "worker", "catalogues", "beat", "drain"}
MANAGE = re.compile(r"manage\.py[\", ]+([a-z_]+)")


def files() -> list[Path]:
    return sorted(path for path in DEPLOY.rglob("*") if path.is_file())


def test_every_command_is_one_of_ours():
    named = {name for path in files() for name in MANAGE.findall(path.read_text())}
    assert {"backup", "drain_clicks", "migrate"} <= named <= set(get_commands())


def test_every_setting_is_in_the_example_of_the_environment():
    known = set(re.findall(r"\b[A-Z][A-Z_]+(?==)", (harness.ROOT / ".env.example").read_text()))
    named = {path.name: settings_of(path) for path in DEPLOY.glob("*.env.example")}
    assert len(named) == 3
    assert set().union(*named.values()) <= known


def settings_of(path: Path) -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", path.read_text(), re.M))


def test_a_part_has_only_the_secrets_that_it_uses():
    common = settings_of(DEPLOY / "thousand.env.example")
    assert not [name for name in common if "STRIPE" in name or "OWNER" in name]
    reads = {
        path.stem.removeprefix("thousand-").rstrip("@"): re.findall(
            r"EnvironmentFile=/etc/(\S+)\.env", path.read_text()
        )
        for path in DEPLOY.rglob("*.service")
    }
    assert reads == {
        "web": ["thousand", "thousand-keys"], "worker": ["thousand", "thousand-keys"],
        "beat": ["thousand"], "catalogues": ["thousand"], "drain": ["thousand"], "backup": ["thousand", "thousand-owner"],
    }  # fmt: skip
    for name in ("compose/compose.yaml", "kubernetes/thousand.yaml"):
        text = (DEPLOY / name).read_text()
        assert text.count("thousand-keys") >= 2 and text.count("thousand-owner") >= 2
    assert "change-me" not in "".join(path.read_text() for path in files())


@pytest.mark.parametrize("name", ["compose/compose.yaml", "kubernetes/thousand.yaml"])
def test_a_market_has_every_part_once(name):
    text = (DEPLOY / name).read_text()
    assert list(yaml.safe_load_all(text))
    parts = re.findall(r"THOUSAND_PART(?:: |, value: )(\w+)", text)
    assert sorted(parts) == sorted(PARTS)


QUEUES = re.compile(r"worker[\", ]+--queues[\", ]+(\w+)")


@pytest.mark.parametrize("where", ["compose/compose.yaml", "kubernetes/thousand.yaml", "systemd"])
def test_each_queue_has_a_worker_that_serves_no_other(where):
    texts = [path.read_text() for path in files() if where in str(path)]
    served = [name for text in texts for name in QUEUES.findall(text)]
    assert sorted(served) == sorted(settings.CELERY_TASK_QUEUES)
    routed = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()}
    assert routed | {settings.CELERY_TASK_DEFAULT_QUEUE} == set(served)


def test_systemd_starts_every_part():
    units = {path.stem.removeprefix("thousand-").rstrip("@") for path in DEPLOY.rglob("*.service")}
    assert units == PARTS | {"backup"}
    wanted = (DEPLOY / "systemd" / "thousand.target").read_text()
    assert all(f"thousand-{part}.service" in wanted for part in PARTS - {"web"})
    ports = re.findall(r"thousand-web@(\d+)\.service", wanted)
    proxy = (DEPLOY / "nginx" / "thousand.conf").read_text()
    assert len(ports) == 2  # one serves while the other restarts
    assert re.findall(r"^ +server 127\.0\.0\.1:(\d+) ", proxy, re.M) == ports


@pytest.mark.parametrize("version", ["1.29", "1.33"])
def test_a_cluster_understands_its_files(version):
    documents = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "thousand.yaml").read_text()))
    assert {one["kind"] for one in documents} >= {"Deployment", "Service", "Job", "CronJob"}
    for document in documents:
        kubernetes_validate.validate(document, version, strict=True)
    documents[1]["spec"]["ports"][0]["prot"] = 1  # what it does not know is found
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(documents[1], version, strict=True)


def test_compose_understands_its_file():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    file = DEPLOY / "compose" / "compose.yaml"
    done = subprocess.run([*command, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="There is no systemd here.")
def test_systemd_understands_its_units(tmp_path):
    """In a root of its own, where every program that a unit starts is at its place."""
    units, programs = tmp_path / "etc/systemd/system", tmp_path / "srv/thousand/app/.venv/bin"
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    shutil.copytree(DEPLOY / "systemd", units)
    programs.mkdir(parents=True)
    for name in ("python", "celery", "granian"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    names = [path.name.replace("@", "@8000") for path in units.iterdir() if path.suffix != ".conf"]
    command = ["systemd-analyze", "verify", "--man=no", f"--root={tmp_path}", *names]
    done = subprocess.run(command, capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "thousand" in line]
    assert (done.returncode, ours) == (0, [])


def test_a_proxy_in_front_asks_under_a_name_of_the_site():
    """Any other name is refused: so was the check of health that called it 127.0.0.1."""
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    (program,) = [word for word in compose["services"]["web"]["healthcheck"]["test"] if " " in word]
    assert "'Host': os.environ['ALLOWED_HOSTS']" in program
    compile(program, "healthcheck", "exec")
    cluster = (DEPLOY / "kubernetes" / "thousand.yaml").read_text()
    assert cluster.count("httpGet:") == cluster.count("name: Host")


def test_an_image_has_the_dutch_words_and_no_part_writes_into_it():
    image = (DEPLOY / "compose" / "Dockerfile").read_text()
    assert image.index("messages compile") < image.index("USER thousand")
    for name in ("compose/compose.yaml", "kubernetes/thousand.yaml"):
        assert "messages" not in (DEPLOY / name).read_text()


def test_every_place_that_is_named_is_made_before():
    """On an empty Debian nginx has no directory for caches, and Redis may write in its own only."""
    steps = (harness.ROOT / "docs" / "operations.md").read_text()
    made = {path for line in re.findall(r"install -d (.*)", steps) for path in line.split()}
    proxy = (DEPLOY / "nginx" / "thousand.conf").read_text()
    named = re.findall(r"proxy_cache_path (\S+)/|ssl_certificate +(\S+)/", proxy)
    assert len(named) == 2
    assert {cache or certificate for cache, certificate in named} <= made
    (clicks,) = re.findall(r"'dir (\S+)'", steps)
    assert clicks in made
    assert clicks.startswith("/var/lib/redis/")
    units = "".join(path.read_text() for path in DEPLOY.rglob("*.service"))
    assert set(" ".join(re.findall(r"ReadWritePaths=(.*)", units)).split()) <= made


def test_a_release_is_compiled_by_who_may_write_into_it():
    steps = (harness.ROOT / "docs" / "operations.md").read_text()
    assert steps.count("make release") == 2  # the first version, and each later one
    image = (DEPLOY / "compose" / "Dockerfile").read_text()
    assert image.index("compileall") < image.index("USER thousand")


def test_tables_are_made_once_the_server_has_its_roles():
    """While roles.sql is read, a first PostgreSQL answers on its socket only."""
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    asked = compose["services"]["postgres"]["healthcheck"]["test"]
    assert asked[:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]
    assert "encoding 'UTF8'" in (DEPLOY / "compose" / "roles.sql").read_text()


def test_dashboard_and_alerts_ask_for_figures_that_there_are():
    source = (harness.ROOT / "config" / "health.py").read_text()
    there = set(re.findall(r'gauge\(\s*"(\w+)"', source)) | {"check_ok"}
    panels = json.loads((DEPLOY / "grafana" / "thousand.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = yaml.safe_load((DEPLOY / "grafana" / "alerts.yaml").read_text())["groups"][0]["rules"]
    asked += [rule["expr"] for rule in rules]
    named = set(re.findall(r"thousand_(\w+)", " ".join(asked)))
    assert named == there
