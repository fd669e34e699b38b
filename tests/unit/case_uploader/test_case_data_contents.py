"""What a dataset may not hold: people, pointers to nothing, and the solution in disguise."""

import io
import json
import zipfile

import pytest


def _problems(folder):
    return [(p.rule, p.file, p.cell) for p in folder.read().errors]


class TestPersonalData:
    @pytest.mark.parametrize(
        ("line", "kind"),
        [
            ("7;Anna;anna.kern@posteo.net", "an e-mail address"),
            ("7;DE89 3704 0044 0532 0130 00", "a bank account (IBAN)"),
            ("7;GB82WEST12345698765432", "a bank account (IBAN)"),
            ("7;4111 1111 1111 1111", "a payment card"),
            ("7;+49 30 1234 5678", "a telephone number"),
            ("7;078-05-1120", "a social security number"),
        ],
    )
    def test_it_is_told_with_its_line_and_without_what_it_says(self, folder, line, kind):
        folder.usual().save()
        folder.write("data/people.csv", f"id;contact\n1;none\n{line}\n{line}\n")

        [problem] = folder.read().errors

        assert (problem.rule, problem.file, problem.cell) == ("personal-data", "data/people.csv", "line 3")
        assert problem.message.startswith(f"line 3 and 1 more: what looks like {kind}; ")
        assert line.split(";")[1] not in problem.message

    @pytest.mark.parametrize(
        "line",
        [
            "anna@example.org",
            "bo@shop.test",
            "DE00 3704 0044 0532 0130 00",
            "4111 1111 1111 1112",
            "2024-05-01;12.5;1000000",
            "1234-56-7890",
            "5.1e+10 0.0012 0.0034",
        ],
    )
    def test_examples_and_plain_numbers_are_none(self, folder, line):
        folder.usual().save()
        folder.write("data/people.csv", f"id\n{line}\n")

        assert _problems(folder) == []

    def test_an_author_may_say_that_all_of_it_was_made_up(self, folder):
        folder.usual().save("id: halves\ntitle: Halves\nfictional_data: true\n")
        folder.write("data/people.csv", "anna.kern@posteo.net\n")

        assert _problems(folder) == []


class TestUnreadable:
    @pytest.mark.parametrize(
        ("name", "content", "word"),
        [
            ("data/big.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
            ("data/empty.csv", b"", "is empty"),
            ("data/table.parquet", b"not at all", "is no .parquet file"),
            ("data/table.xlsx", b"PK\x03\x04 cut off", "is no .xlsx file"),
            ("data/table.csv.gz", b"a,b\n", "is no .gz file"),
        ],
    )
    def test_a_file_that_holds_nothing_is_told(self, folder, name, content, word):
        folder.usual().save()
        folder.write(name, content)

        [problem] = folder.read().errors
        assert (problem.rule, problem.file) == ("data-unreadable", name)
        assert word in problem.message

    def test_a_table_in_another_encoding_is_noted(self, folder):
        folder.usual().save()
        folder.write("data/town.csv", "name\nMünchen\n".encode("latin-1"))

        reading = folder.read()
        assert reading.errors == ()
        assert [(p.rule, p.file) for p in reading.problems] == [("data-encoding", "data/town.csv")]

    def test_a_letter_cut_at_the_end_of_what_is_read_is_no_other_encoding(self, folder):
        folder.usual().save()
        folder.write("data/town.csv", "a" * (64 * 1024 - 1) + "ü" * 10)

        assert folder.read().problems == ()


BODY = "def half(n):\n    quotient = n / 2\n    return quotient\n"


class TestVisibleAnswers:
    def test_in_tags(self, folder):
        folder.usual()
        folder.cells[1]["metadata"]["tags"] = ["quotient = n / 2", "return quotient"]

        assert _problems(folder.save()) == [
            ("solution-visible", "solution.ipynb", "cell 2 (## Halve it): metadata tags")
        ]

    def test_in_a_table(self, folder):
        folder.usual().save()
        folder.write("data/notes.csv", BODY)

        assert _problems(folder) == [("solution-visible", "data/notes.csv", None)]

    def test_in_an_archive(self, folder):
        folder.usual().save()
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("deep/solution.py", BODY)
        folder.write("data/extra.zip", packed.getvalue())

        assert _problems(folder) == [("solution-visible", "data/extra.zip: deep/solution.py", None)]

    def test_in_an_output_of_a_notebook_among_the_data(self, folder):
        folder.usual().save()
        output = {"output_type": "stream", "name": "stdout", "text": BODY.splitlines(keepends=True)}
        book = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {},
            "cells": [{"cell_type": "code", "outputs": [output]}],
        }
        folder.write("data/old.ipynb", json.dumps(book))

        assert _problems(folder) == [("solution-visible", "data/old.ipynb", None)]

    def test_in_the_summary(self, folder):
        folder.usual().save("id: halves\ntitle: Halves\nsummary: |\n  quotient = n / 2\n  return quotient\n")

        assert _problems(folder) == [("solution-visible", "case.yaml", "summary")]

    def test_metadata_of_the_author_never_reaches_a_learner(self, folder):
        folder.usual()
        folder.cells[2]["metadata"]["solution_backup"] = BODY
        draft = folder.save(metadata={"author": {"answer": BODY}}).read().draft

        assert draft is not None
        assert "quotient" not in json.dumps(draft.learner.notebook)


def test_lines_are_counted_through_the_whole_of_a_large_file(folder):
    row = "2024-05-01,espresso,2.2,14\n"
    many = 3 * 1024 * 1024 // len(row)
    folder.usual().save().write("data/sales.csv", row * many + "anna@mail.de,1,2,3\n" + row * 9 + "ben@mail.de,1,2,3\n")
    [problem] = [one for one in folder.read().errors if one.rule == "personal-data"]
    assert problem.cell == f"line {many + 1}"
    assert "and 1 more" in problem.message
