"""docker-compose.yml, held against the rules of this house: what it says, not what an engine makes of it."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import distributions, version
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from case_uploader.settings import ImageSettings
from infra.backup.settings import BackupSettings
from infra.production.databases import provision
from infra.production.first_run import ACCOUNT, KEYCLOAK, WITH_TABLES, folders, make_folders, make_secrets
from infra.production.health import DOORS
from infra.production.metrics import BESIDE, SCRAPED, VAULT
from infra.production.serve import SERVED, build_rules, check_rules
from infra.production.settings import ProductionSettings
from infra.settings import EmbeddedSettings
from infra.vault.policies import OPERATOR
from services.kit.settings import DatabaseSettings, ObjectSettings
from tests.free_port import free_port
from tests.postgres_cluster import OWNER, programs, running_cluster
from vault.trust import CALLS, LISTENERS, SUPERVISOR

Json = dict[str, Any]
STATE = "${STATE:-/var/lib/caseloop}"
PASSWORD = re.compile(r"PASSWORD|SECRET|TOKEN|API_KEY", re.IGNORECASE)
ALIASES = {SUPERVISOR: "metrics"}
"""Who calls -> the container that it is, where the names differ."""
ONCE = {"databases", "restore", "set-up", "weights"}
"""What runs to its end, when an operator says so."""
OF_BACKUPS = {"backup", "restore"}
"""Who sees what all others keep; both run when nothing else calls them, and listen to nobody."""
OF_THE_PROJECT = {
    "cases", "progress", "mentoring", "linting", "runner", "feedback", "evaluation", "gateway", "dashboard", "hub",
}  # fmt: skip


@pytest.fixture(scope="module")
def compose(project: Path) -> Json:
    return dict(yaml.safe_load((project / "docker-compose.yml").read_text()))


@pytest.fixture(scope="module")
def services(compose: Json) -> Mapping[str, Json]:
    return dict(compose["services"])


def _mounts(service: Json) -> dict[str, str]:
    """Source -> how it is mounted: `ro`, or nothing."""
    found = {}
    for line in service.get("volumes", []):
        if isinstance(line, dict):
            found[line["source"]] = "ro" if line.get("read_only") else ""
            continue
        parts = re.findall(r"(?:\$\{[^}]*\}|[^:])+", line)
        found[parts[0]] = parts[2] if len(parts) > 2 else ""
    return found


def _unless_told(value: str) -> str:
    """What a value is with nothing in `.env`."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def test_it_is_of_the_compose_specifications_own_schema(project: Path) -> None:
    """The schema comes with check-jsonschema; what Compose itself makes of the file is asked in tests/docker."""
    check = [Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, "docker-compose.yml"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _secrets(service: Json) -> dict[str, str]:
    """Secret -> where it is."""
    found = {}
    for one in service.get("secrets", []):
        source = one if isinstance(one, str) else one["source"]
        found[source] = f"/run/secrets/{source}" if isinstance(one, str) else one["target"]
    return found


def test_every_service_of_ours_is_there_and_can_be_started(services: Mapping[str, Json]) -> None:
    started = {name for name in SERVED if services[name]["command"] == ["caseloop", "serve", name]}
    assert started == set(SERVED)
    assert set(LISTENERS) < started


def test_every_image_of_ours_can_be_built(services: Mapping[str, Json], project: Path) -> None:
    names = {service["image"].partition(":")[0] for service in services.values()}
    ours = {name.removeprefix("caseloop/") for name in names if name.startswith("caseloop/")} | {"learner", "kit"}
    build = runpy.run_path(str(project / "infra" / "images" / "build.py"))
    assert ours == set(build["GATHER"])
    recipes = set((project / "infra" / "images").glob("*.Dockerfile"))
    assert {build["recipe"](name) for name in ours} == recipes - {project / "infra" / "images" / "case.Dockerfile"}


def test_an_image_is_built_after_those_that_it_stands_on(project: Path) -> None:
    build = runpy.run_path(str(project / "infra" / "images" / "build.py"))
    made: set[str] = set()
    for name in build["GATHER"]:
        under = set(re.findall(r"^FROM caseloop/([a-z-]+):", build["recipe"](name).read_text(), re.MULTILINE))
        assert under <= made, name
        made.add(name)


def test_the_code_in_images_says_of_which_version_it_is(project: Path, tmp_path: Path) -> None:
    """A backup notes it down."""
    runpy.run_path(str(project / "infra" / "images" / "build.py"))["_name"](tmp_path)
    (told,) = distributions(path=[str(tmp_path)])
    assert (told.name, told.version) == ("caseloop", version("caseloop"))


def test_public_images_are_pinned_to_one_release(services: Mapping[str, Json], project: Path) -> None:
    """As far as that can be seen without a registry: a tag with all its numbers, or a digest."""
    build = runpy.run_path(str(project / "infra" / "images" / "build.py"))
    public = [image for name in build["GATHER"] for image in build["public_images"](name).values()]
    public += [service["image"] for service in services.values() if not service["image"].startswith("caseloop/")]
    assert {"caddy", "python", "postgres"} <= {image.partition(":")[0] for image in public}
    whole = re.compile(r"[^:@]+(/[^:@]+)?:(v?\d+\.\d+(\.\d+)?|RELEASE\.[\dTZ-]+)(-[\w.]+)*(@sha256:[0-9a-f]{64})?")
    floating = [image for image in public if not whole.fullmatch(image)]
    # PostgreSQL's releases have two numbers, all others three
    floating += [image for image in public if re.search(r":v?\d+\.\d+(-|@|$)", image) and "postgres:" not in image]
    assert floating == []


def test_every_container_is_locked_down(services: Mapping[str, Json]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert not {"cap_add", "privileged", "pid", "ipc", "devices"} & set(service), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["user"].partition(":")[0] not in ("", "0", "root"), name
        for limit in ("mem_limit", "memswap_limit", "cpus", "pids_limit"):
            assert service[limit], (name, limit)
        assert service["memswap_limit"] == service["mem_limit"], name
        tag = re.sub(r"\$\{[^}]*\}", "any", service["image"]).partition(":")[2]
        assert tag not in ("", "latest"), name


def test_a_health_check_has_room_beside_what_it_asks_about(services: Mapping[str, Json]) -> None:
    """It is another Python of 45 MB, and one of ours takes 80 MB before it does anything."""
    asked = {name: how["mem_limit"] for name, how in services.items() if "caseloop" in str(how.get("healthcheck"))}
    assert set(DOORS) < set(asked)
    assert {name for name, limit in asked.items() if limit.endswith("m") and int(limit[:-1]) < 256} == set()


def test_the_runner_alone_has_a_wider_filter(services: Mapping[str, Json]) -> None:
    """Its sandboxes need user namespaces; all else keeps the engine's filter."""
    wider = {name for name, service in services.items() if len(service["security_opt"]) > 1}
    assert wider == {"runner"}


def test_every_container_says_how_it_is_and_waits_for_health(services: Mapping[str, Json]) -> None:
    for name, service in services.items():
        if name not in ONCE:
            assert service["healthcheck"]["test"][0] == "CMD", name
            assert service["healthcheck"]["interval"], name
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, (name, needed)
            assert needed in services


def test_what_runs_once_starts_with_nothing_else_and_nobody_waits_for_it(services: Mapping[str, Json]) -> None:
    assert {name for name, service in services.items() if service["restart"] == "no"} == ONCE
    for name in ONCE:
        assert services[name]["profiles"] == ["set-up"]
        assert "healthcheck" not in services[name]
        assert not any(name in service.get("depends_on", {}) for service in services.values())


def test_no_two_wait_for_each_other(services: Mapping[str, Json]) -> None:
    def waits_for(name: str, seen: tuple[str, ...]) -> None:
        assert name not in seen, " -> ".join((*seen, name))
        for needed in services[name].get("depends_on", {}):
            waits_for(needed, (*seen, name))

    for name in services:
        waits_for(name, ())


def test_no_password_stands_in_the_file(services: Mapping[str, Json], compose: Json) -> None:
    for name, service in services.items():
        for variable in service.get("environment", {}):
            assert not PASSWORD.search(variable) or variable.endswith("_FILE"), name
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())


def test_the_first_run_makes_every_secret_and_keeps_those_that_are_there(compose: Json, tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets")
    wanted = {Path(secret["file"]).name for secret in compose["secrets"].values()} | {"keycloak.env"}
    assert {path.name for path in made} == wanted
    before = {path: path.read_text() for path in made}
    assert len(set(before.values())) == len(made)
    assert make_secrets(tmp_path / "secrets") == []
    assert {path: path.read_text() for path in made} == before
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


def test_secrets_cannot_be_committed(project: Path) -> None:
    assert ".secrets/" in (project / ".gitignore").read_text().splitlines()


def test_the_first_run_makes_every_folder_that_is_mounted(services: Mapping[str, Json], tmp_path: Path) -> None:
    mounted = {source for service in services.values() for source in _mounts(service) if source.startswith(STATE)}
    made = {str(folder) for folder in folders(Path("/state"))}
    assert {source.replace(STATE, "/state") for source in mounted} <= made
    done = make_folders(tmp_path)
    assert set(done.made) == set(folders(tmp_path))
    assert not make_folders(tmp_path).made
    assert folders(tmp_path)[tmp_path / "homes"] == ACCOUNT
    for name in ("environments", "scratch"):
        # as vault.files.private_folder wants it
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    open_to_pass = [path for path in done.made if path.stat().st_mode & 0o007]
    assert open_to_pass == [tmp_path / "run" / "postgres"]


def test_what_a_container_makes_lies_in_a_folder_that_it_may_write_to(services: Mapping[str, Json]) -> None:
    """Not beside those: the engine makes the folder around what is mounted, and it belongs to root."""
    settings = ProductionSettings(home=Path("/state"), run_dir=Path("/state/run"), _env_file=None)  # type: ignore[call-arg]
    made = {name: [settings.socket(name), settings.leaf(name)] for name in LISTENERS}
    made["hub"] = [settings.hub_listens, settings.proxy_socket, settings.leaf("proxy"), settings.socket("proxy")]
    made["metrics"] = [settings.leaf("metrics")]
    for name in made:
        made[name].append(settings.home / "vault")  # what Vault's authority is known by
    made |= {door: [settings.socket(door)] for door in (*DOORS, "backup")}
    for name, paths in made.items():
        mounted = [_unless_told(line).split(":") for line in services[name]["volumes"]]
        kept = {target for _, target, *how in mounted if how != ["ro"]}
        kept |= {_unless_told(line).partition(":")[0] for line in services[name]["tmpfs"]}
        lost = [path for path in paths if str(path.parent).replace("/state", "/var/lib/caseloop") not in kept]
        assert lost == [], name


def test_a_socket_is_mounted_for_those_who_may_call_it_and_nobody_else(services: Mapping[str, Json]) -> None:
    """The written graph of who may call whom, once more, by what each container can see."""
    for caller, callees in CALLS.items():
        name = ALIASES.get(caller, caller)
        if name not in services:
            continue  # environments get the gateway's folder from the spawner; the proxy lives in the Hub's container
        seen = {source.rpartition("/run/")[2] for source in _mounts(services[name]) if f"{STATE}/run/" in source}
        sockets = (seen & set(LISTENERS)) - {name}
        wanted = set(callees)
        if name == "metrics":
            wanted &= set(SCRAPED)
        if name == "hub":
            wanted |= CALLS["proxy"]
        assert sockets == wanted, name
        for callee in sockets:
            assert _mounts(services[name])[f"{STATE}/run/{callee}"] == "ro", (name, callee)


def test_a_sign_in_at_vault_is_mounted_for_its_owner_only(services: Mapping[str, Json]) -> None:
    for name, service in services.items():
        signs = [source.rpartition("/")[2] for source in _mounts(service) if "SIGN_INS" in source]
        if name in DOORS:
            assert signs == []  # it talks to nobody but the engine
        elif name in OF_BACKUPS:
            assert signs == [OPERATOR]
        elif name == "set-up":
            assert _mounts(service)["${CASELOOP_SIGN_INS:-/etc/caseloop/sign-ins}"] == ""  # it makes them
        elif name in OF_THE_PROJECT:
            assert signs == [name]
        else:
            assert signs == ([SUPERVISOR] if name == "metrics" else [])


def test_tables_are_in_reach_of_those_who_have_some_each_with_its_own_password(services: Mapping[str, Json]) -> None:
    socket = f"{STATE}/run/postgres"
    assert {name for name, service in services.items() if socket in _mounts(service)} == {
        "postgres",
        "databases",
        *WITH_TABLES,
        *OF_BACKUPS,
    }
    for name in WITH_TABLES:
        assert [one for one in _secrets(services[name]) if one.startswith("postgres")] == [f"postgres-{name}"]
        assert _mounts(services[name])[socket] == "ro"
        assert services[name]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    everybodys = {"postgres", "postgres-keycloak", *(f"postgres-{name}" for name in WITH_TABLES)}
    assert set(_secrets(services["databases"])) == everybodys
    assert services["databases"]["network_mode"] == "none"
    for name in OF_BACKUPS:
        # as each service for its own tables, and as Keycloak for its own, and never as a superuser
        found = {one for one in _secrets(services[name]) if one.startswith("postgres")}
        assert found == everybodys - {"postgres"}
        assert _mounts(services[name])[socket] == "ro"


def test_objects_are_in_reach_of_those_who_keep_some(services: Mapping[str, Json]) -> None:
    keys = {"minio-user": "/run/objects/access-key", "minio-password": "/run/objects/secret-key"}
    for name in ("cases", "progress", *OF_BACKUPS):
        assert {one: where for one, where in _secrets(services[name]).items() if "minio" in one} == keys
    holders = {name for name, service in services.items() if any("minio" in one for one in _secrets(service))}
    assert holders == {"minio", "cases", "progress", *OF_BACKUPS}


def test_the_settings_of_tables_and_objects_are_understood(
    services: Mapping[str, Json], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {
        name: value
        for name, value in services["progress"]["environment"].items()
        if name.startswith(("CASELOOP_DATABASE_", "CASELOOP_OBJECTS_"))
    }
    known = {
        f"{one.model_config['env_prefix']}{field}".upper()
        for one in (DatabaseSettings, ObjectSettings)
        for field in one.model_fields
    }
    assert set(given) <= known
    for name, value in given.items():
        monkeypatch.setenv(name, _unless_told(value))
    database, objects = DatabaseSettings(_env_file=None), ObjectSettings(_env_file=None)  # type: ignore[call-arg]
    assert database.missing() == ""
    assert objects.credentials == Path("/run/objects")
    assert objects.ca == Path("/run/sign-in/minio-ca.pem")


def test_connections_suffice_for_all_who_may_make_them(services: Mapping[str, Json]) -> None:
    (most,) = (int(part.partition("=")[2]) for part in services["postgres"]["command"] if "max_connections" in part)
    of_migrations, of_backups, of_superusers = 1, 1, 3
    of_a_service = DatabaseSettings(_env_file=None).connections + of_migrations + of_backups  # type: ignore[call-arg]
    ours = len(WITH_TABLES) * of_a_service
    keycloaks = int(services["keycloak"]["environment"]["KC_DB_POOL_MAX_SIZE"])
    # Twice ours: an update starts the new containers before the old ones have closed everything.
    assert 2 * ours + keycloaks + of_backups + of_superusers <= most


def test_what_backs_up_sees_everything_and_changes_nothing(
    services: Mapping[str, Json], monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = _mounts(services["backup"])
    written = {source.replace(STATE, "") for source, how in mounts.items() if how != "ro"}
    assert written == {"/services/backup", "/backups", "/run/backup"}
    assert {f"{STATE}/homes", f"{STATE}/services"} <= set(mounts)
    assert _mounts(services["restore"])[f"{STATE}/backups"] == "ro"
    for name, value in services["backup"]["environment"].items():
        if name.startswith("CASELOOP_BACKUP_"):
            monkeypatch.setenv(name, value.replace(STATE, "/state"))
    told = BackupSettings(_env_file=None)  # type: ignore[call-arg]
    (mounted,) = (line for line in services["backup"]["volumes"] if line.startswith(f"{STATE}/backups:"))
    assert told.folder == Path(mounted.rpartition(":")[2])
    # a backup that would be lost with all else is refused
    assert not told.folder.is_relative_to(Path(_unless_told(services["backup"]["environment"]["CASELOOP_HOME"])))
    # Whoever may write where backups are put must not choose whom they are locked for.
    assert told.recipients == Path("/state/services/backup/recipients")
    # by the same socket as ours
    ours = _unless_told(services["backup"]["environment"]["CASELOOP_DATABASE_URL"])
    assert told.keycloak_url == ours.replace("/caseloop?", f"/{KEYCLOAK}?")
    assert services["restore"]["environment"] == services["backup"]["environment"]


@pytest.mark.postgres
def test_postgresql_itself_takes_what_it_is_told(services: Mapping[str, Json], project: Path, tmp_path: Path) -> None:
    """Its command line and its list of who may come in, on a real server."""
    command = services["postgres"]["command"]
    assert command[0] == "postgres"
    assert set(command[1::2]) == {"-c"}
    told = dict(part.split("=", 1) for part in command[2::2])
    hba = told.pop("hba_file")
    here = project / "infra" / "postgres" / Path(hba).name
    assert _mounts(services["postgres"])["./infra/postgres"] == "ro"
    with running_cluster(
        told | {"hba_file": "{home}/hba", "listen_addresses": "127.0.0.1", "port": str(free_port())},
        {"hba": f"local all {OWNER} scram-sha-256\n{here.read_text()}"},
    ) as cluster:
        cluster.run("CREATE DATABASE caseloop")
        kept = tmp_path / "secrets"
        kept.mkdir(mode=0o700)
        (kept / "postgres").write_text(cluster.password)
        make_secrets(kept)
        url = f"postgresql:///caseloop?host={cluster.socket}"
        settings = DatabaseSettings(_env_file=None, url=url, credentials=kept)  # type: ignore[call-arg]
        with pytest.MonkeyPatch.context() as patch:
            # libpq's own word for it: no service of ours has another port on a socket.
            patch.setenv("PGPORT", str(cluster.port))
            provision(settings, OWNER)

        def come_in(user: str, database: str, host: str) -> None:
            password = (kept / f"postgres-{user.removeprefix('caseloop_')}").read_text()
            psycopg.connect(host=host, port=cluster.port, user=user, password=password, dbname=database).close()

        come_in("caseloop_progress", "caseloop", str(cluster.socket))
        come_in("keycloak", "keycloak", "127.0.0.1")
        come_in("keycloak", "keycloak", str(cluster.socket))
        for user, database, host in (
            ("caseloop_progress", "caseloop", "127.0.0.1"),
            ("caseloop_progress", "postgres", str(cluster.socket)),
            ("caseloop_progress", "keycloak", str(cluster.socket)),
            ("keycloak", "caseloop", "127.0.0.1"),
        ):
            with pytest.raises(psycopg.OperationalError, match=r"no pg_hba.conf entry"):
                come_in(user, database, host)
        ready = subprocess.run(
            [programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "caseloop"],
            check=False,
        )
        assert ready.returncode == 0


def test_the_engine_is_in_reach_of_the_doors_only(services: Mapping[str, Json]) -> None:
    holders = {name for name, service in services.items() if any("docker.sock" in line for line in _mounts(service))}
    assert holders == set(DOORS)
    told = {"checks-door": ("runner", "CASELOOP_CHECKS_ENGINE", "")}
    for door in DOORS:
        caller, variable, scheme = told.get(door, ({"engine-door": "hub"}.get(door, "cases"), "DOCKER_HOST", "unix://"))
        assert services[door]["network_mode"] == "none"
        callers = {name for name, service in services.items() if f"{STATE}/run/{door}" in _mounts(service)}
        assert callers == {door, caller}
        assert _mounts(services[caller])[f"{STATE}/run/{door}"] == "ro"
        assert services[caller]["environment"][variable] == f"{scheme}{STATE}/run/{door}/{door}.sock"
        assert services[caller]["depends_on"][door] == {"condition": "service_healthy"}


def test_checks_in_containers_and_their_door_mean_the_same_folders_and_images(services: Mapping[str, Json]) -> None:
    runner, door = services["runner"], services["checks-door"]
    settings = EmbeddedSettings(home=Path("/state"), run_dir=Path("/state/run"), _env_file=None)  # type: ignore[call-arg]
    rules = check_rules(settings)
    for folder in rules.folders:
        place = str(folder).replace("/state", STATE)
        assert (_mounts(runner)[place], _mounts(door)[place]) == ("", "ro")
    containers = settings.model_copy(update={"checks_isolation": "docker"}).runner
    assert containers.containers is not None
    assert {containers.containers.folder, containers.cache} == set(rules.folders)
    names = {services[name]["environment"]["CASELOOP_LEARNER_IMAGE"] for name in ("hub", "runner", "checks-door")}
    assert len(names) == 1
    # whoever wants no containers changes nothing
    assert runner["environment"]["CASELOOP_CHECKS_ISOLATION"] == "${CASELOOP_CHECKS_ISOLATION:-bubblewrap}"


def test_cases_with_packages_of_their_own_can_be_made_checked_and_started(services: Mapping[str, Json]) -> None:
    """Who makes environments and images, who checks in them, and who starts them mean the same places and names."""
    cases, runner = services["cases"], services["runner"]
    assert cases["image"].startswith("caseloop/cases:")
    assert cases["environment"]["CASELOOP_ISOLATION"] == "docker"
    # one place for both, which is not below a folder that only one of them sees
    place = f"{STATE}/environments"
    assert (_mounts(cases)[place], _mounts(runner)[place]) == ("", "ro")
    assert EmbeddedSettings(home=Path("/state"), _env_file=None).environments == Path("/state/environments")  # type: ignore[call-arg]
    images = {
        name: value
        for name, value in cases["environment"].items()
        if name.startswith(("CASELOOP_IMAGES_", "CASELOOP_LEARNER_"))
    }
    assert images.items() <= services["builds-door"]["environment"].items()
    for name in ("hub", "engine-door"):
        assert services[name]["environment"]["CASELOOP_LEARNER_IMAGE"] == images["CASELOOP_LEARNER_IMAGE"]
    prefix = ImageSettings.model_config["env_prefix"]
    assert set(images) - {"CASELOOP_LEARNER_IMAGE"} == {
        f"{prefix}{field}".upper() for field in ImageSettings.model_fields
    }
    # a build's wheels lie on a disk, and go with a restart
    assert _mounts(cases)[cases["environment"]["CASELOOP_SCRATCH"]] == ""


def test_the_door_for_builds_is_told_what_those_who_build_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CASELOOP_")]:
        monkeypatch.delenv(name)
    settings = EmbeddedSettings(_env_file=None)  # type: ignore[call-arg]
    plain = build_rules(settings, ImageSettings(_env_file=None))  # type: ignore[call-arg]
    assert (plain.image, plain.bases, plain.stock_base) == ("caseloop/learner", frozenset(), "")
    assert plain.memory_bytes == 2048 << 20
    other = ImageSettings(base="own/base:1", stock_packs=True, stock_base="own/ubuntu:1", _env_file=None)  # type: ignore[call-arg]
    more = build_rules(settings, other)
    assert (more.bases, more.stock_base) == (frozenset({"own/base:1"}), "own/ubuntu:1")


def test_networks_hold_those_who_must_talk(services: Mapping[str, Json], compose: Json) -> None:
    def on(network: str) -> set[str]:
        return {name for name, service in services.items() if network in (service.get("networks") or ())}

    assert on("data") == {"postgres", "keycloak"}
    assert on("objects") == {"minio", "cases", "progress", *OF_BACKUPS}
    assert on("model") == {"vllm", "feedback"}
    assert on("front") == {"hub", "dashboard", "keycloak", "reverse-proxy", "set-up"}
    assert on("watch") == {"prometheus", "grafana", "jaeger"}
    assert on("scrape") == {"metrics", "prometheus"}
    assert on("traces") == {"jaeger"} | OF_THE_PROJECT
    assert on("outside") == {"reverse-proxy", "mentoring"}
    # the one way out of a service of ours besides mail: packages come in by it
    assert on("packages") == {"cases"}
    assert on("weights") == {"weights"}
    assert on("vault") == {"vault", "metrics", "set-up"} | OF_BACKUPS | OF_THE_PROJECT
    internal = {name for name, how in compose["networks"].items() if how.get("internal")}
    assert internal == set(compose["networks"]) - {"outside", "look", "packages", "weights"}
    # Whoever is in another's has none any more once that one was started again.
    shared = {name for name, service in services.items() if ":" in str(service.get("network_mode"))}
    assert shared == set()


def test_who_asks_is_what_the_reverse_proxy_says_and_nobody_else(services: Mapping[str, Json], compose: Json) -> None:
    """It has an address that no other container is ever given, and Hub and Keycloak believe that one alone."""
    (pool,) = compose["networks"]["front"]["ipam"]["config"]
    network, for_others = IPv4Network(_unless_told(pool["subnet"])), IPv4Network(_unless_told(pool["ip_range"]))
    assert network.supernet_of(for_others)
    given = services["reverse-proxy"]["networks"]["front"]["ipv4_address"]
    own = IPv4Address(_unless_told(given))
    assert own in network
    assert own not in for_others
    # the engine takes the first for itself
    assert own not in (network[0], network[1], network[-1])
    believed = (services["hub"]["environment"]["CASELOOP_TRUSTED_PROXIES"],
                services["keycloak"]["environment"]["KC_PROXY_TRUSTED_ADDRESSES"])  # fmt: skip
    # to the letter: whoever moves the network moves all of them
    assert set(believed) == {given}
    settings = EmbeddedSettings(trusted_proxies=_unless_told(believed[0]), _env_file=None)  # type: ignore[call-arg]
    assert settings.trusted_proxies == f"{own}/32"
    fixed = [name for name, service in services.items() if "ipv4_address" in str(service.get("networks"))]
    assert fixed == ["reverse-proxy"]


def test_nothing_is_published_but_the_reverse_proxy(services: Mapping[str, Json]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert set(published) == {"reverse-proxy", "grafana"}
    assert all(line.startswith("127.0.0.1:") for line in published["grafana"])


def test_traces_go_nowhere_unless_the_operator_says_where(services: Mapping[str, Json]) -> None:
    assert services["jaeger"]["profiles"] == ["traces"]
    told = {
        name: service["environment"]["CASELOOP_TRACES__ENDPOINT"]
        for name, service in services.items()
        if "CASELOOP_TRACES__ENDPOINT" in (service.get("environment") or {})
    }
    assert set(LISTENERS) <= set(told)
    assert set(told.values()) == {"${CASELOOP_TRACES__ENDPOINT:-}"}


def test_every_alert_tells_what_to_do(project: Path) -> None:
    (group,) = yaml.safe_load((project / "infra" / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]:
        assert rule["annotations"]["summary"], rule["alert"]
        assert len(rule["annotations"]["runbook"]) > 30, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_alert_has_its_section_and_no_section_is_of_none(project: Path) -> None:
    (group,) = yaml.safe_load((project / "infra" / "prometheus" / "alerts.yml").read_text())["groups"]
    page = (project / "docs" / "how-to" / "observe.md").read_text().partition("\n## Alerts\n")[2]
    sections = dict(re.findall(r"^### (\w+)\n\n`(\w+)`\. \w", page, re.MULTILINE))
    assert sections == {rule["alert"]: rule["labels"]["severity"] for rule in group["rules"]}
    for rule in group["rules"]:
        assert rule["annotations"]["page"] == f"docs/how-to/observe.md#{rule['alert'].lower()}"


def test_prometheus_asks_every_service(project: Path) -> None:
    (job,) = yaml.safe_load((project / "infra" / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert set(job["static_configs"][0]["targets"]) == {*SCRAPED, *BESIDE, VAULT}


def test_what_has_figures_and_no_certificate_is_in_reach_of_their_door_alone(services: Mapping[str, Json]) -> None:
    """Not in the Hub's folder: learners' environments are shown that one."""
    assert set(BESIDE) == {"backup", "hub", "proxy"}
    for name, owner in (("backup", "backup"), ("proxy", "hub")):
        mounted = {other: _mounts(service).get(f"{STATE}/run/{name}") for other, service in services.items()}
        assert {other: how for other, how in mounted.items() if how is not None} == {owner: "", "metrics": "ro"}
    assert _mounts(services["metrics"])[f"{STATE}/run/hub"] == "ro"
