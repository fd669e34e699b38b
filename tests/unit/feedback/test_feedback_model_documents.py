"""Documents from a model: their schema, their validation, and reading them while they arrive."""

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from feedback.model.adapters.script import Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import BadAnswer, ModelAnswer, ModelMessage, ModelRequest
from feedback.model.schema import schema_of
from feedback.model.structured import DocumentReader, Member, asking_for, parsed, structured

ASKED = ModelRequest("feedback", (ModelMessage("user", "Why?"),))


class Note(BaseModel):
    """A note about some lines."""

    title: Annotated[str, Field(max_length=120, description="what it says")]
    line: Annotated[int, Field(ge=1)] | None = None


class Review(BaseModel):
    verdict: Literal["pass", "fail"]
    notes: Annotated[list[Note], Field(max_length=3)]
    extra: Note


class Tree(BaseModel):
    below: "list[Tree]"


DOCUMENT = {
    "verdict": "fail",
    "notes": [{"title": 'one "quoted" {[', "line": 12}, {"title": "ünï 🙂", "line": None}],
    "extra": {"title": "", "line": 1},
}


class TestSchema:
    def test_it_has_no_references_and_exactly_its_members(self):
        schema = schema_of(Review)
        text = json.dumps(schema)
        assert "$ref" not in text
        assert "$defs" not in text
        assert schema["required"] == ["verdict", "notes", "extra"]
        note = schema["properties"]["notes"]["items"]
        assert note == schema["properties"]["extra"]
        assert note == {
            "type": "object",
            "properties": {
                "title": {"type": "string", "maxLength": 120},
                "line": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
            },
            "required": ["title", "line"],
            "additionalProperties": False,
        }

    def test_limits_stay(self):
        schema = schema_of(Review)
        assert schema["properties"]["notes"]["maxItems"] == 3
        assert schema["properties"]["verdict"]["enum"] == ["pass", "fail"]

    def test_what_servers_refuse_is_left_out(self):
        class Set(BaseModel):
            names: set[str]

        assert "uniqueItems" not in json.dumps(schema_of(Set))

    def test_a_model_that_contains_itself_is_a_mistake(self):
        with pytest.raises(TypeError, match="Tree"):
            schema_of(Tree)


class TestWhole:
    def test_a_valid_document_is_read(self):
        answer = ModelAnswer(json.dumps(DOCUMENT), "stop")
        assert parsed(answer, Review).model_dump() == DOCUMENT

    @pytest.mark.parametrize(
        "text",
        ["", "no", "null", "[]", '{"verdict": "fail"}', json.dumps(DOCUMENT | {"verdict": "Lena"}), '{"verdict": "fa'],
    )
    def test_another_one_is_a_bad_answer_that_quotes_nothing(self, text: str):
        with pytest.raises(BadAnswer) as caught:
            parsed(ModelAnswer(text, "stop"), Review)
        assert "Lena" not in str(caught.value)

    def test_names_that_a_model_made_up_are_not_quoted(self):
        class Closed(BaseModel, extra="forbid"):
            verdict: str

        with pytest.raises(BadAnswer) as caught:
            parsed(ModelAnswer('{"verdict": "x", "Lena": 1}', "stop"), Closed)
        assert "Lena" not in str(caught.value)

    def test_a_cut_document_is_a_bad_answer_even_when_it_reads_well(self):
        for answer in (
            ModelAnswer(json.dumps(DOCUMENT), "length"),
            ModelAnswer(json.dumps(DOCUMENT), "stop", truncated=True),
        ):
            with pytest.raises(BadAnswer, match="cut"):
                parsed(answer, Review)

    async def test_the_schema_goes_with_the_request(self):
        asked: list[ModelRequest] = []

        def answer(request: ModelRequest) -> str:
            asked.append(request)
            return json.dumps(DOCUMENT)

        model = ScriptedModel(Script({"feedback": [answer]}))
        assert (await structured(model, ASKED, Review)).verdict == "fail"
        assert asked[0].schema == schema_of(Review)
        assert asking_for(ASKED, Review).messages == ASKED.messages


class Remark(BaseModel):
    lines: list[int]
    text: str


class Minutes(BaseModel):
    remarks: list[Remark]


class TestArriving:
    def test_members_come_as_soon_as_they_are_complete(self):
        reader = DocumentReader()
        assert reader.push('{"verdict": "fa') == []
        assert reader.push('il"') == [Member("verdict", None, "fail")]
        assert reader.push(', "notes": [{"title": "one", "line": 1') == []
        assert reader.push("2}") == []
        assert reader.push(', {"title"') == [Member("notes", 0, {"title": "one", "line": 12})]
        assert reader.push(': "two"}], "extra": 3') == [Member("notes", 1, {"title": "two"})]
        assert reader.push("7}") == []
        assert reader.end() == [Member("extra", None, 37)]

    def test_strings_in_a_list_come_at_their_closing_quote(self):
        reader = DocumentReader()
        assert reader.push('{"remarks": ["A first one.') == []
        assert reader.push('"') == [Member("remarks", 0, "A first one.")]
        assert reader.push(', "A second') == []
        assert reader.push(' one."]}') == [Member("remarks", 1, "A second one.")]
        assert reader.end() == []

    def test_an_item_of_a_known_kind_comes_at_the_end_of_its_last_string(self):
        reader = DocumentReader(Minutes)
        assert reader.push('{"remarks": [{"lines": [1, 2') == []
        assert reader.push('], "text": "Look') == []
        assert reader.push('."') == [Member("remarks", 0, {"lines": [1, 2], "text": "Look."})]
        # in another order it is not known whether the list has ended
        assert reader.push('}, {"text": "Two.", "lines": [3') == []
        assert reader.push("]}]}") == []
        assert reader.end() == [Member("remarks", 1, {"text": "Two.", "lines": [3]})]

    def test_a_long_string_can_be_followed(self):
        reader = DocumentReader()
        assert reader.grown("answer") == ""
        reader.push('{"answer": "Look')
        assert reader.grown("answer") == "Look"
        reader.push(" at \\u00e4 \\ud83d")
        assert reader.grown("answer") == " at ä "
        reader.push('\\ude42 \\"it\\"", "more": 1}')
        assert reader.grown("answer") == '🙂 "it"'
        assert reader.grown("answer") == ""
        assert reader.grown("more") == ""

    @pytest.mark.parametrize("text", ["Sure! Here", "[1, 2", "7", '{"a": nope', '"text"'])
    def test_what_cannot_become_a_document_is_refused_at_once(self, text: str):
        with pytest.raises(BadAnswer):
            DocumentReader().push(text)

    @pytest.mark.parametrize("text", ["", "{", '{"a": 1', '{"a": "b', '{"a": "b"} trailing'])
    def test_a_document_without_its_end_is_none(self, text: str):
        reader = DocumentReader()
        reader.push(text)
        with pytest.raises(BadAnswer):
            reader.end()

    @given(
        document=st.dictionaries(
            st.text(min_size=1, max_size=3),
            st.recursive(
                st.none() | st.booleans() | st.integers(-99, 10**6) | st.text(max_size=6),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
                max_leaves=6,
            ),
            max_size=4,
        ),
        size=st.integers(1, 9),
        ascii_only=st.booleans(),
    )
    def test_in_any_pieces_everything_comes_once_and_in_order(
        self, document: dict[str, Any], size: int, ascii_only: bool
    ):
        text = json.dumps(document, ensure_ascii=ascii_only)
        reader = DocumentReader()
        found = [member for start in range(0, len(text), size) for member in reader.push(text[start : start + size])]
        found += reader.end()
        expected = []
        for key, value in document.items():
            items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
            expected += [Member(key, index, item) for index, item in items]
        assert found == expected
