import json
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from feedback.model.adapters.default_script import default_answer, default_script
from feedback.model.adapters.script import BREAK, HANG, Script, read_script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.errors import ModelMisconfigured
from feedback.model.port import (
    BadAnswer,
    ModelBusy,
    ModelDelta,
    ModelError,
    ModelMessage,
    ModelRefused,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    Purpose,
    complete,
    streaming,
)
from feedback.model.structured import structured

FINDINGS = {
    "findings": [
        {"id": "f-1", "kind": "value", "message": "Rows are lost here.", "place": {"cell": "clean", "lines": [3, 5]}},
        {"id": "f-2", "kind": "style", "message": "The name says little."},
    ]
}
ASKED = (ModelMessage("system", "Be brief."), ModelMessage("user", json.dumps(FINDINGS)))


class Note(BaseModel):
    cell: str
    start_line: Annotated[int, Field(ge=1)]
    end_line: Annotated[int, Field(ge=1)]
    message: Annotated[str, Field(max_length=12)]
    finding: str | None


class Review(BaseModel):
    verdict: Literal["good", "bad"]
    notes: Annotated[list[Note], Field(max_length=5)]
    remarks: Annotated[list[str], Field(min_length=1, max_length=1)]
    sure: bool
    score: Annotated[float, Field(ge=0, le=1)]


class TestDefaults:
    async def test_a_document_is_valid_and_speaks_of_the_findings(self):
        review = await structured(ScriptedModel(), ModelRequest("feedback", ASKED), Review)
        first, second = review.notes
        assert (first.cell, first.start_line, first.end_line, first.finding) == ("clean", 3, 5, "f-1")
        assert first.message == "Rows are"
        assert (second.start_line, second.end_line, second.finding) == (1, 1, "f-2")
        assert len(review.remarks) == 1
        assert review.remarks[0].endswith(".")

    @pytest.mark.parametrize("purpose", ["feedback", "hint", "repair", "simulate", "chat", "summary", "judge"])
    async def test_every_purpose_has_sentences_and_always_the_same(self, purpose: Purpose):
        request = ModelRequest(purpose, (ModelMessage("user", "no data"),))
        first, again = default_answer(request), default_answer(request)
        assert first == again
        assert first.strip().endswith((".", "?"))

    async def test_code_that_the_prompt_holds_is_handed_back(self):
        class Repair(BaseModel):
            code: str

        messages = (ModelMessage("user", json.dumps({"code": "x = 1"})),)
        assert (await structured(ScriptedModel(), ModelRequest("repair", messages), Repair)).code == "x = 1"

    async def test_a_message_that_only_looks_like_data_does_no_harm(self):
        messages = (ModelMessage("user", "{not json"), ModelMessage("user", '{"a": {"id": 3, "message": []}}'))
        assert await structured(ScriptedModel(), ModelRequest("feedback", messages), Review)

    def test_words_come_at_a_readable_pace(self):
        assert 0 < default_script().pause < 0.1


class TestScripts:
    async def test_answers_come_in_turn_and_the_last_stays(self):
        model = ScriptedModel(Script({"hint": ["one", "two"]}))
        said = [(await complete(model, ModelRequest("hint", ASKED))).text for _ in range(3)]
        assert said == ["one", "two", "two"]

    async def test_purposes_have_turns_of_their_own(self):
        model = ScriptedModel(Script({"hint": ["h1", "h2"], "chat": ["c1"]}))
        assert (await complete(model, ModelRequest("hint", ASKED))).text == "h1"
        assert (await complete(model, ModelRequest("chat", ASKED))).text == "c1"
        assert (await complete(model, ModelRequest("hint", ASKED))).text == "h2"

    async def test_a_function_sees_the_request(self):
        model = ScriptedModel(Script({"chat": [lambda request: request.messages[0].content]}))
        assert (await complete(model, ModelRequest("chat", ASKED))).text == "Be brief."

    async def test_a_purpose_without_an_answer_is_a_bad_answer(self):
        with pytest.raises(BadAnswer, match="chat"):
            await complete(ScriptedModel(Script({"hint": ["one"]})), ModelRequest("chat", ASKED))

    async def test_the_pause_is_before_each_word(self, monkeypatch: pytest.MonkeyPatch):
        done: list[float | str] = []

        async def pause(seconds: float) -> None:
            done.append(seconds)

        monkeypatch.setattr("feedback.model.adapters.scripted.asyncio.sleep", pause)
        model = ScriptedModel(Script({"chat": ["one two three"]}, pause=0.02))
        async with streaming(model, ModelRequest("chat", ASKED)) as parts:
            async for part in parts:
                if isinstance(part, ModelDelta):
                    done.append(part.text.strip())
        assert done == [0.02, "one", 0.02, "two", 0.02, "three"]

    async def test_max_tokens_are_words(self):
        model = ScriptedModel(Script({"chat": ["one two three"]}))
        answer = await complete(model, ModelRequest("chat", ASKED, max_tokens=2))
        assert (answer.text, answer.finish, answer.truncated) == ("one two ", "length", True)


class TestFiles:
    def write(self, folder: Path, text: str) -> Path:
        file = folder / "script.toml"
        file.write_text(text)
        return file

    async def test_texts_documents_and_faults_are_read(self, tmp_path: Path):
        file = self.write(
            tmp_path,
            """
            pause = 0.001
            [answers]
            chat = ["plain", {text = "also plain"}, {document = {hint = "look"}}]
            hint = [{fault = "unavailable"}, {fault = "timeout"}, {fault = "refused"}, {fault = "busy"},
                    {fault = "empty"}, {fault = "break"}]
            feedback = [{fault = "not_json"}, {fault = "markup"}, {fault = "hang"}]
            """,
        )
        script = read_script(file)
        assert script.pause == 0.001
        model = ScriptedModel(script)
        said = [(await complete(model, ModelRequest("chat", ASKED))).text for _ in range(3)]
        assert said == ["plain", "also plain", '{"hint": "look"}']
        for kind in (ModelUnavailable, ModelTimedOut, ModelRefused, ModelBusy, BadAnswer, ModelUnavailable):
            with pytest.raises(ModelError) as caught:
                await complete(model, ModelRequest("hint", ASKED))
            assert type(caught.value) is kind
        not_json, markup, hang = script.answers["feedback"]
        assert isinstance(not_json, str)
        assert not not_json.startswith("{")
        assert "<script>" in str(markup)
        assert hang == HANG
        assert BREAK in str(script.answers["hint"][-1])

    async def test_what_the_file_leaves_out_is_answered_as_usual(self, tmp_path: Path):
        script = read_script(self.write(tmp_path, '[answers]\nhint = ["one"]'), default_answer)
        assert (await complete(ScriptedModel(script), ModelRequest("chat", ASKED))).text

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("answers = 3", "answers"),
            ("[answers]\ngossip = ['x']", "gossip"),
            ("[answers]\nchat = []", r"answers\.chat"),
            ("[answers]\nchat = [{fault = 'flood'}]", "fault"),
            ("[answers]\nchat = [{text = 'a', fault = 'hang'}]", "either text"),
            ("[answers]\nchat = [{}]", "either text"),
            ("pause = -1", "pause"),
            ("not toml", r"script\.toml"),
        ],
    )
    def test_a_mistake_in_it_is_named(self, tmp_path: Path, text: str, says: str):
        with pytest.raises(ModelMisconfigured, match=says):
            read_script(self.write(tmp_path, text))

    def test_a_missing_file_is_named(self, tmp_path: Path):
        with pytest.raises(ModelMisconfigured, match="missing"):
            read_script(tmp_path / "missing.toml")
