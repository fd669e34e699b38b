"""What an image of a case is made of, told without an engine."""

import ast
import json
import re
from dataclasses import replace

import pytest

from case_uploader.environments.ports import CannotBuild
from case_uploader.images.plan import Base, broken_promises, dockerfile, image_key, plan_image

BASE = Base("sha256:" + "a" * 64, "3.11.2", ("manylinux_2_36_x86_64",), {"pandas": "3.0.0", "numpy": "2.3.5"})
PREFIX = "/opt/learner"
SAME = {"pandas": "3.0.0", "numpy": "2.3.5"}


def lines(pins: dict[str, str]) -> list[str]:
    return dockerfile(plan_image(BASE, PREFIX, pins)).splitlines()


class TestPlan:
    def test_only_what_the_base_lacks_is_added(self):
        plan = plan_image(BASE, PREFIX, SAME | {"wordfreq": "3.1"})
        assert (plan.add, plan.replace) == (("wordfreq==3.1",), ())

    def test_another_version_of_what_the_base_has_replaces_it(self):
        plan = plan_image(BASE, PREFIX, {"pandas": "2.2.3", "numpy": "2.3.5"})
        assert (plan.add, plan.replace) == (("pandas==2.2.3",), ("pandas",))

    def test_what_the_base_has_besides_stays(self):
        assert plan_image(BASE, PREFIX, {"numpy": "2.3.5"}).add == ()

    def test_equal_packages_on_the_same_base_have_the_same_key_in_any_order(self):
        key = plan_image(BASE, PREFIX, {"a": "1", "b": "2"}).key
        assert key == image_key(BASE.digest, PREFIX, {"b": "2", "a": "1"})
        others = [
            image_key("sha256:" + "b" * 64, PREFIX, {"a": "1", "b": "2"}),
            image_key(BASE.digest, "/opt/other", {"a": "1", "b": "2"}),
            image_key(BASE.digest, PREFIX, {"a": "1", "b": "3"}),
            image_key(BASE.digest, PREFIX, {"a": "1"}),
        ]
        assert len({key, *others}) == 5

    @pytest.mark.parametrize(
        ("name", "version"),
        [
            ("a\nRUN id", "1"),
            ("a b", "1"),
            ("--index-url", "1"),
            ("", "1"),
            ("a", "1\nUSER 0"),
            ("a", "one"),
            ("a", ""),
        ],
    )
    def test_a_package_that_calls_itself_something_odd_is_refused_by_name(self, name, version):
        with pytest.raises(CannotBuild, match="calls itself"):
            plan_image(BASE, PREFIX, {name: version})


class TestStockPacks:
    """What is laid over an image that repo2docker's own packs have made."""

    STOCK = "/srv/conda/envs/notebook"

    def text(self, pins: dict[str, str]) -> list[str]:
        plan = replace(plan_image(BASE, self.STOCK, pins), learner="sha256:" + "b" * 64)
        return dockerfile(plan).splitlines()

    def test_what_the_packs_read_is_part_of_the_key(self):
        keys = [
            image_key(BASE.digest, PREFIX, SAME),
            image_key(BASE.digest, PREFIX, SAME, {"apt.txt": "a"}),
            image_key(BASE.digest, PREFIX, SAME, {"apt.txt": "b"}),
            image_key(BASE.digest, PREFIX, SAME, {"environment.yml": "a"}),
        ]
        assert len(set(keys)) == 4
        assert image_key(BASE.digest, PREFIX, SAME, {}) == keys[0]

    def test_learners_find_it_where_they_find_the_common_one_with_the_settings_of_the_lab(self):
        text = self.text(SAME | {"wordfreq": "3.1"})
        assert f"FROM sha256:{'b' * 64} AS learner" in text
        settings = "etc/jupyter/labconfig"
        assert f"COPY --from=learner {PREFIX}/{settings} {self.STOCK}/{settings}" in text
        assert f'RUN ["ln", "-s", "{self.STOCK}", "{PREFIX}"]' in text
        assert f"COPY --from=build /new{self.STOCK} {self.STOCK}" in text

    def test_what_the_packs_start_is_not_started(self):
        text = self.text(SAME)
        assert "ENTRYPOINT []" in text
        assert text.index("ENTRYPOINT []") < text.index("USER 65534:65534")


class TestDockerfile:
    def test_the_base_is_named_by_its_digest_and_nothing_else_is_started_from(self):
        assert {line.split()[1] for line in lines(SAME | {"wordfreq": "3.1"}) if line.startswith("FROM")} == {
            BASE.digest
        }

    def test_packages_come_from_wheels_of_the_context_alone_and_nothing_is_resolved(self):
        (install,) = (line for line in lines({"wordfreq": "3.1"}) if " install " in line)
        assert {"--no-index", "--no-deps", "--no-cache-dir"} <= set(install.split())
        assert "--find-links /build/wheels -r /build/requirements.txt" in install
        assert f"--python {PREFIX}/bin/python" in install

    def test_installer_and_wheels_stay_in_a_stage_that_is_thrown_away(self):
        text = dockerfile(plan_image(BASE, PREFIX, {"wordfreq": "3.1"}))
        thrown_away, kept = text.split("FROM ")[1:]
        assert "COPY src/ /build/" in thrown_away
        assert "/build/" not in kept
        assert re.findall(r"^COPY (.*)$", kept, re.MULTILINE) == [f"--from=build /new{PREFIX} {PREFIX}"]

    def test_nothing_is_installed_where_nothing_lacks(self):
        assert [line.split()[0] for line in lines(SAME)] == ["FROM", "USER", "RUN", "LABEL", "USER", "WORKDIR", "CMD"]

    def test_files_of_a_replaced_package_are_taken_away_before(self):
        text = lines({"pandas": "2.2.3"})
        (forget,) = (line for line in text if line.startswith('RUN ["'))
        words = json.loads(forget.removeprefix("RUN "))
        assert words[:3] == [f"{PREFIX}/bin/python", "-I", "-c"]
        assert words[4:] == ["pandas"]
        ast.parse(words[3])
        assert text.index(forget) < text.index(f"COPY --from=build /new{PREFIX} {PREFIX}")

    def test_it_ends_as_nobody_without_files_that_make_somebody_else_of_one(self):
        text = lines({"wordfreq": "3.1"})
        assert [line for line in text if line.startswith("USER")][-1] == "USER 65534:65534"
        assert "RUN find / -xdev -type f -perm /6000 -exec chmod ug-s {} +" in text
        assert [line.split()[0] for line in text[text.index("USER 65534:65534") :]] == ["USER", "WORKDIR", "CMD"]

    def test_no_argument_of_a_build_can_carry_an_address_or_a_secret_into_it(self):
        assert not [line for line in lines({"pandas": "2.2.3", "a": "1"}) if line.startswith(("ARG", "ENV", "ADD"))]


def test_an_image_that_is_not_what_was_ordered_is_told_by_package() -> None:
    found = {"pandas": "3.0.0", "more": "1"}
    assert broken_promises({"pandas": "3.0.0"}, found) == []
    assert broken_promises({"pandas": "2.2.3", "wordfreq": "3.1"}, found) == [
        "pandas 2.2.3 is wanted, 3.0.0 is there",
        "wordfreq 3.1 is wanted, none is there",
    ]
