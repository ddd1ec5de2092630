"""The plan: which services run, in which order, and what an external server changes."""

from __future__ import annotations

import json
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from consumers.pipeline import DEPLOYMENTS, STAGES
from newswire.errors import ConfigError, StackError
from newswire.kafka.access import fingerprint_access
from newswire.kafka.lag import stages_and_topics
from newswire.settings import STACK_ENV, Settings
from newswire.stack import plan as plan_module
from newswire.stack.deployments import stage_processes
from newswire.stack.disk import explain_full_disk
from newswire.stack.failure_causes import explain
from newswire.stack.kafka_access import keep_users
from newswire.stack.plan import EVERYTHING, chosen_parts, make_plan
from newswire.stack.postgres import is_open, remove_outside_data
from newswire.stack.report import has_supervisor, only_supervisor, read_report, write_env


@pytest.fixture
def given(tmp_path):
    """Settings of a user who has set nothing but the folders."""

    def make(**changes) -> Settings:
        return Settings(_env_file=None, state_dir=tmp_path / "state", cache_dir=tmp_path / "cache", **changes)

    (tmp_path / "state").mkdir()
    yield make
    remove_outside_data(tmp_path)


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch):
    """The plan is about the services; jars of that name need not be there."""
    monkeypatch.setattr(plan_module, "fetch", lambda name, cache: [cache / f"{name}.jar"])
    monkeypatch.setattr(plan_module, "ensure_home", lambda cache: cache / "elasticsearch")


def test_every_stage_has_a_service_and_a_place_in_the_lag():
    """A new stage in the pipeline must be started and watched too."""
    assert set(DEPLOYMENTS) == set(STAGES) == set(stages_and_topics())


def test_the_lag_is_counted_on_the_topics_that_a_stage_reads():
    """topics.yml and the stages say the same."""
    for name, topics in stages_and_topics().items():
        stage = STAGES[name]
        reads = stage.reads if isinstance(stage.reads, tuple) else (stage.reads,)
        assert {topic.name for topic in reads} == set(topics)


def test_every_service_is_watched_as_long_as_it_lives(given):
    """All but jobs have a liveness probe; a hung Python or Java process writes its stacks before it is ended."""
    services = [service for service in make_plan((), given(), {}).services if not service.job]
    assert all(service.liveness_probe is not None and service.restart for service in services)
    assert [service.name for service in services if service.dump_signal is None] == ["postgres"]


def test_the_whole_stack_has_everything_each_service_needs(given):
    """No service needs one that does not run, and nothing needs itself in a circle."""
    services = make_plan((), given(), {}).services
    names = [service.name for service in services]

    order = list(TopologicalSorter({service.name: service.needs for service in services}).static_order())

    assert sorted(order) == sorted(names)
    assert {"postgres", "kafka", "elasticsearch", "airflow-scheduler", "parse-1", "parse-2", "ledger"} <= set(names)


def test_servers_alone_leave_out_airflow_and_the_stages(given):
    """`--only kafka` runs Kafka, and tells others its address, its login and nothing else."""
    plan = make_plan(("kafka",), given(), {})

    assert {service.name for service in plan.services} == {"kafka-format", "kafka", "kafka-access"}
    login = {f"kafka_{name}" for name in ("security_protocol", "sasl_mechanism", "sasl_username", "sasl_password")}
    assert set(plan.env) == {"kafka_bootstrap", *login}
    assert plan.env["kafka_bootstrap"] == f"127.0.0.1:{plan.ports['kafka']}"


def test_three_brokers_keep_every_record_thrice_and_two_processes_run_each_stage(given, monkeypatch):
    """One voter list and one cluster id for all; clients are told every address; the jobs wait for all brokers."""
    plan = make_plan(("kafka", "consumers"), given(kafka_brokers=3, stage_processes=2), {})
    names = {service.name: service for service in plan.services}

    assert {"kafka", "kafka-2", "kafka-3", "kafka-2-format", "cluster-1", "cluster-2"} <= set(names)
    assert set(names["kafka-access"].needs) == {"kafka", "kafka-2", "kafka-3"}
    assert plan.env["kafka_replication"] == "3"
    assert plan.env["kafka_bootstrap"].count(",") == 2
    files = [*(given().state_dir / "kafka").glob("server*.properties")]
    settings = [dict(line.split("=", 1) for line in file.read_text("latin-1").splitlines()) for file in files]
    assert {each["node.id"] for each in settings} == {"1", "2", "3"}
    assert len({each["controller.quorum.voters"] for each in settings}) == 1
    assert {each["min.insync.replicas"] for each in settings} == {"2"}
    formats = [names[name].command for name in ("kafka-format", "kafka-2-format")]
    assert len({command[command.index("-t") + 1] for command in formats}) == 1


def test_the_number_of_brokers_is_that_of_the_first_start(given):
    """A quorum cannot be changed by starting it differently; it would wait for voters forever."""
    data = given().state_dir / "kafka" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").touch()

    with pytest.raises(ConfigError, match="NEWSWIRE_KAFKA_BROKERS=1"):
        make_plan(("kafka",), given(kafka_brokers=3), {})


def test_elasticsearch_gets_a_login_that_is_kept(given):
    """Every process reads it from stack.env; a second start has the same password, another stack another."""
    env = make_plan(("elasticsearch",), given(), {}).env

    assert env["elasticsearch_username"] == "newswire"
    assert len(env["elasticsearch_password"]) >= 32
    assert make_plan(("elasticsearch",), given(), {}).env["elasticsearch_password"] == env["elasticsearch_password"]
    elsewhere = given().model_copy(update={"state_dir": given().state_dir / "other"})
    assert make_plan(("elasticsearch",), elsewhere, {}).env["elasticsearch_password"] != env["elasticsearch_password"]


@pytest.mark.parametrize("setting", ["elasticsearch_api_key", "elasticsearch_username", "elasticsearch_password"])
def test_a_login_without_its_server_is_refused(given, setting):
    """It would be sent to the embedded node, which knows another; with the server's address all is well."""
    with pytest.raises(ConfigError, match=f"NEWSWIRE_{setting.upper()}.*NEWSWIRE_ELASTICSEARCH_URL"):
        make_plan(("elasticsearch",), given(**{setting: "mine"}), {})
    plan = make_plan((), given(elasticsearch_url="https://search.example", **{setting: "mine"}), {})
    assert plan.env[setting] == "mine"


def test_every_process_has_a_kafka_user_of_its_own(given):
    """A stage that a page has taken over can write what that stage may write; no password is on a command line."""
    plan = make_plan((), given(), {})
    passwords = json.loads((given().state_dir / "kafka" / "users.json").read_text("utf-8"))
    services = {service.name: service for service in plan.services}
    expected = stage_processes() | {"web": "web", "airflow-scheduler": "crawl"}

    assert len(set(passwords.values())) == len(passwords) >= 11
    for name, user in expected.items():
        environment = services[name].environment
        assert environment["NEWSWIRE_KAFKA_SASL_USERNAME"] == user
        assert environment["NEWSWIRE_KAFKA_SASL_PASSWORD"] == passwords[user]
        assert [other for other in passwords if other != user and passwords[other] in environment.values()] == []
    connection = json.loads(services["airflow-triggerer"].environment["AIRFLOW_CONN_KAFKA_CRAWL_REQUESTS"])["extra"]
    assert connection["sasl.username"] == "crawl"
    assert connection["sasl.password"] == passwords["crawl"]
    commands = " ".join(part for service in plan.services for part in service.command)
    assert [user for user, password in passwords.items() if password in commands] == []
    assert plan.env["kafka_sasl_username"] == "admin"


def test_users_are_brought_to_kafka_once(given):
    """What waits for Kafka waits for its users; a start with the same users and rights has no job for them."""
    first = {service.name: service for service in make_plan((), given(), {}).services}
    assert first["topics"].needs == ("kafka-access",)
    assert first["kafka-access"].needs == ("kafka",)
    assert "kafka-access" in first["airflow-migrate"].needs
    home = given().state_dir / "kafka"
    (home / "data").mkdir()
    (home / "data" / "newswire-access").write_text(fingerprint_access(keep_users(home), ""), "utf-8")

    second = {service.name: service for service in make_plan((), given(), {}).services}
    renamed = {service.name: service for service in make_plan((), given(topic_prefix="b-"), {}).services}

    assert "kafka-access" not in second
    assert second["topics"].needs == ("kafka",)
    assert "kafka-access" in renamed, "other topics need other rights"


def test_a_kafka_login_without_its_server_is_refused(given):
    """It would be sent to the embedded broker, which has others."""
    with pytest.raises(ConfigError, match=r"NEWSWIRE_KAFKA_SASL_USERNAME.*NEWSWIRE_KAFKA_BOOTSTRAP"):
        make_plan(("kafka",), given(kafka_sasl_username="me"), {})


def test_an_unknown_part_is_refused(given):
    """A slip in `--only` names what there is."""
    with pytest.raises(ConfigError, match=r"no part kafak.*kafka"):
        chosen_parts(("kafak",), given())


@pytest.mark.parametrize(
    ("setting", "value", "part", "absent"),
    [
        ("kafka_bootstrap", "kafka.example:9092", "kafka", {"kafka", "kafka-format"}),
        ("elasticsearch_url", "https://search.example", "elasticsearch", {"elasticsearch"}),
        ("airflow_url", "https://airflow.example", "airflow", {"airflow-scheduler", "airflow-api"}),
    ],
)
def test_an_external_server_replaces_the_embedded_one(given, setting, value, part, absent):
    """The server is not started, nobody waits for it, and every process gets the address."""
    plan = make_plan((), given(**{setting: value}), {})
    names = {service.name for service in plan.services}

    assert part not in chosen_parts((), given(**{setting: value}))
    assert not absent & names
    assert {need for service in plan.services for need in service.needs} <= names
    assert plan.env[setting] == value


def test_an_external_crawl_state_leaves_airflow_its_own_database(given):
    """Airflow's database stays here; the crawl state's address is the user's."""
    plan = make_plan((), given(postgres_dsn="postgresql://me@db.example/news"), {})

    assert "postgres" in {service.name for service in plan.services}
    assert plan.env["postgres_dsn"] == "postgresql://me@db.example/news"


def test_what_the_stack_writes_is_what_settings_read(given, tmp_path):
    """stack.env survives quotes, commas and backslashes, and is private."""
    values = {"kafka_sasl_password": 'it\'s \\ "odd" #1', "allow_private": "127.0.0.0/8,::1/128"}
    write_env(tmp_path, values)

    read = Settings(_env_file=tmp_path / STACK_ENV)

    assert read.kafka_sasl_password.get_secret_value() == values["kafka_sasl_password"]
    assert read.allow_private == ("127.0.0.0/8", "::1/128")
    assert (tmp_path / STACK_ENV).stat().st_mode & 0o777 == 0o600


def test_every_secret_is_private(given):
    """No password lies where others can read it."""
    plan = make_plan((), given(), {})
    secrets = [path for path in given().state_dir.rglob("*") if path.is_file() and _holds_secret(path, plan.env)]

    assert secrets
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)


def test_every_folder_is_private(given):
    """The state folder was open to others, as an earlier release left it; all is closed before anything starts."""
    state = given().state_dir
    for name in ("logs", "blobs"):
        (state / name).mkdir(mode=0o755)
    state.chmod(0o755)

    make_plan((), given(), {})

    folders = [state, *(path for path in state.rglob("*") if path.is_dir())]
    assert {"logs", "blobs", "kafka", "elasticsearch", "postgres"} <= {path.name for path in folders}
    assert [path for path in folders if path.stat().st_mode & 0o077] == []


def _holds_secret(path: Path, env) -> bool:
    text = path.read_text("utf-8", "replace")
    passwords = [
        env["airflow_password"],
        env["elasticsearch_password"],
        env["kafka_sasl_password"],
        env["postgres_dsn"].split(":")[2].split("@")[0],
    ]
    return any(password in text for password in passwords) or "password" in path.name


def test_relative_folders_are_absolute_for_others(given, monkeypatch, tmp_path):
    """A command in another folder finds the sources that the stack uses."""
    monkeypatch.chdir(tmp_path)
    plan = make_plan(("kafka",), given(sources_dirs="mine,theirs"), {})

    assert plan.env["sources_dirs"] == f"{tmp_path}/mine,{tmp_path}/theirs"


def test_one_folder_has_one_supervisor(tmp_path):
    """A second one is refused while the first lives, and the lock ends with it."""
    assert not has_supervisor(tmp_path)
    with only_supervisor(tmp_path):
        assert has_supervisor(tmp_path)
        with pytest.raises(StackError, match="already running"), only_supervisor(tmp_path):
            pass
    assert not has_supervisor(tmp_path)
    assert read_report(tmp_path) == {}


def test_a_full_disk_is_seen_before_the_start(tmp_path):
    """The start is refused with the two settings that move the folders."""
    with pytest.raises(StackError, match="NEWSWIRE_STATE_DIR"), explain_full_disk(tmp_path, 1 << 60):
        pass


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("could not write to file: No space left on device", "disk is full"),
        ("java.lang.OutOfMemoryError: Java heap space", "NEWSWIRE_JAVA_HEAP"),
        ("java.net.BindException: Address already in use", "port"),
        ("something nobody has seen before", "The end of"),
    ],
)
def test_known_causes_come_with_the_way_out(tmp_path, line, advice):
    """The message of a failed service has its log's end, and advice where the cause is known."""
    log = tmp_path / "server.log"
    log.write_text(line)

    message = explain("server", "ended with exit code 1", log)

    assert line in message
    assert advice in message


def test_a_closed_folder_above_is_noticed(tmp_path):
    """PostgreSQL, which root hands to nobody, cannot live below a private folder."""
    inside = tmp_path / "private" / "inside"
    inside.mkdir(parents=True)
    tmp_path.joinpath("private").chmod(0o700)

    assert not is_open(inside)


def test_the_parts_are_started_in_their_order(given):
    """Everything means everything, servers first."""
    assert chosen_parts((), given()) == EVERYTHING
    assert chosen_parts(("kafka", "postgres"), given()) == ("postgres", "kafka")
    assert chosen_parts(("airflow",), given()) == ("postgres", "airflow")
