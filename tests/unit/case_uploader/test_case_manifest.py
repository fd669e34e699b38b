import pytest

from case_uploader.format.manifest import read_manifest, slug_of
from case_uploader.format.problem import Problems


def _read(folder, text):
    folder.write("case.yaml", text)
    problems = Problems()
    return read_manifest(folder.path, problems), [(p.cell, p.rule, p.message) for p in problems.all]


def test_only_id_and_title_are_needed(folder):
    manifest, problems = _read(folder, "id: halves\ntitle: Halves\n")
    assert not problems
    assert (manifest.level, manifest.minutes, manifest.ai_mode, manifest.strictness) == (
        "introductory",
        45,
        "full",
        "light",
    )
    assert manifest.limits.wall_seconds == 30


def test_everything_can_be_said(folder):
    manifest, problems = _read(
        folder,
        """
        id: halves
        title: "Halves: a start"
        summary: Words.
        level: advanced
        minutes: 90
        ai_mode: none
        strictness: strict
        topics: [a, b]
        style: {live_errors: false, may_remain: none}
        quotas: {checks: 5}
        limits: {memory_mb: 256}
        subtasks:
          - id: half
            title: T
            plan: P
            example: E
            compare: [total, {name: table, order: ignore, decides: false}]
            probes: [{call: half, args: [{array: [1, 2]}], kwargs: {k: null}}]
            watch: [x]
            hints: {c: words}
        """,
    )
    assert not problems
    subtask = manifest.subtask("half")
    assert [c.name for c in subtask.compare] == ["total", "table"]
    assert subtask.compare[0].decides
    assert subtask.probes[0].args == ({"array": [1, 2]},)
    assert manifest.ai_mode == "none"


@pytest.mark.parametrize(
    ("text", "key", "rule", "words"),
    [
        ("", None, "manifest-shape", "keys and values"),
        ("- a\n", None, "manifest-shape", "keys and values"),
        ("title: T\n", "id", "key-missing", "required"),
        ("id: a\ntitle: T\nsumary: x\n", "sumary", "key-unknown", "did you mean 'summary'"),
        ("id: a\ntitle: T\nzzz: x\n", "zzz", "key-unknown", "known keys here: id"),
        ("id: A b\ntitle: T\n", "id", "key-value", "lower-case"),
        ("id: a\ntitle: 5\n", "title", "key-value", "string"),
        ("id: a\ntitle: T\nlevel: hard\n", "level", "key-value", "'introductory'"),
        ("id: a\ntitle: T\nminutes: 0\n", "minutes", "key-value", "greater than 0"),
        ("id: a\ntitle: T\nlimits: {memory: 1}\n", "limits.memory", "key-unknown", "did you mean 'memory_mb'"),
        ("id: a\ntitle: T\nlimits: {memory_mb: 1}\n", "limits.memory_mb", "key-value", "64"),
        (
            "id: a\ntitle: T\nsubtasks:\n - id: s\n   compare: [{nam: x}]\n",
            "subtasks[0].compare[0].nam",
            "key-unknown",
            "did you mean 'name'",
        ),
        ("id: a\ntitle: T\nsubtasks: [{id: s, watch: ['a b']}]\n", "subtasks[0].watch[0]", "name-not-python", "a b"),
        ("id: a\ntitle: T\nsubtasks: [{id: s}, {id: s}]\n", "subtasks[1].id", "subtask-duplicate", "twice"),
        ("id: a\nid: b\ntitle: T\n", "line 2, column 1", "yaml-syntax", "written twice"),
        ("id: [a\n", "line 2, column 1", "yaml-syntax", "YAML"),
        ("a: &x [1]\nb: *x\n", "line 2, column 4", "yaml-syntax", "aliases"),
        ("id: !!python/object/apply:os.system ['true']\n", "line 1, column 5", "yaml-syntax", "YAML"),
        ("id: " + "[" * 5000 + "\n", None, "yaml-syntax", "YAML"),
    ],
)
def test_every_mistake_points_at_its_key(folder, text, key, rule, words):
    manifest, problems = _read(folder, text)
    assert manifest is None
    matching = [p for p in problems if p[1] == rule and (p[0] == key or rule == "yaml-syntax")]
    assert matching, problems
    assert matching[0][0] == key or key is None
    assert words in matching[0][2]


def test_all_mistakes_are_told_at_once(folder):
    _, problems = _read(folder, "id: A\nlevel: x\nfoo: 1\n")
    assert {p[0] for p in problems} == {"id", "title", "level", "foo"}


def test_a_huge_manifest_is_not_read(folder):
    _, problems = _read(folder, "#" * 600_000)
    assert problems[0][1] == "file-too-big"


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Clean Regression", "clean-regression"),
        ("ps_1", "ps-1"),
        ("--", None),
        ("Ünïcode", "n-code"),
        ("a" * 99, "a" * 64),
    ],
)
def test_slugs(text, slug):
    assert slug_of(text) == slug


def test_a_folder_whose_name_is_no_id_needs_a_manifest(folder):
    folder.usual().save(manifest=None)
    renamed = folder.path.rename(folder.path.parent / "___")
    problems = Problems()
    assert read_manifest(renamed, problems) is None
    assert problems.errors[0].rule == "manifest-missing"
