"""A model server as a process of its own, to be killed: `python -m tests.e2e.system.model_server CASE SUBTASK`.

Speaks vLLM's wire format. It repairs by the solution of the case's author, as a good model would by itself; hints and
answers are sentences written for the test, and feedback is the scripted model's.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from case_uploader.format.case_folder import read_case_folder
from feedback.model.adapters.default_script import default_answer
from feedback.model.port import ModelMessage, ModelRequest
from tests.openai_double import OpenAIDouble, Reply

HINT = "Which of your lines decides what the file's first lines are taken for, and how could you see it?"
ANSWER = "Look at the first rows of your table. Which of them were written for people, and not for a program?"


class ModelServer(OpenAIDouble):
    """Answers by what is asked for."""

    def __init__(self, solution: Mapping[str, str]) -> None:
        super().__init__()
        self._solution = solution

    async def _answer(self, writer: asyncio.StreamWriter, reply: Reply, body: Mapping[str, Any]) -> bool:
        words = self._text(body).split(" ")
        return await super()._answer(writer, Reply([f"{word} " for word in words[:-1]] + words[-1:]), body)

    def _text(self, body: Mapping[str, Any]) -> str:
        shape = body.get("response_format", {}).get("json_schema", {})
        match shape.get("name"):
            case "repair" | "simulate":
                return json.dumps({"cells": [{"id": id_, "source": text} for id_, text in self._solution.items()]})
            case "hint":
                return json.dumps({"explanation": "The file is read with the wrong settings.", "hint": HINT})
            case None:
                return ANSWER
        messages = tuple(ModelMessage(m["role"], m["content"]) for m in body["messages"])
        return default_answer(ModelRequest("feedback", messages, schema=shape["schema"]))


async def _serve(solution: Mapping[str, str]) -> None:
    async with ModelServer(solution).serving() as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    draft = read_case_folder(Path(sys.argv[1])).draft
    assert draft is not None
    subtask = draft.author.subtask(sys.argv[2])
    assert subtask is not None
    asyncio.run(_serve(subtask.reference))
