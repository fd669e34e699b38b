"""Every route of every service says who may call it."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends

from services.kit.app import create_service
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from vault.trust import CALLS


def _notes(*, guarded: bool) -> APIRouter:
    router = APIRouter(dependencies=[Depends(require_peer("gateway"))] if guarded else [])

    @router.get("/notes")
    async def notes() -> list[str]:
        return ["one"]

    return router


def test_a_service_with_an_open_route_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="/notes"):
        create_service("linting", [_notes(guarded=False)])


@pytest.mark.parametrize("caller", [name for name in CALLS if name not in ("gateway", "env")])
async def test_a_guarded_route_refuses_every_other_caller(caller: str) -> None:
    app = create_service("linting", [_notes(guarded=True)])
    async with in_process_client(app, caller) as client:
        try:
            answer = await client.get("/notes")
        except httpx.TransportError:
            return  # the trust graph does not even let it connect
        assert (answer.status_code, answer.json()["error"]) == (403, "caller_not_allowed")


def test_only_the_kit_makes_apps(product: Mapping[Path, ast.Module]) -> None:
    makers = {
        path
        for path, tree in product.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("FastAPI", "fastapi.FastAPI", "Starlette")
    }
    assert makers == {Path("services/kit/app.py")}


def test_no_dependency_costs_a_thread(product: Mapping[Path, ast.Module]) -> None:
    """FastAPI gives each plain function a thread of its own: a part of a millisecond, several times a request."""
    needed = {(path, name) for path, tree in product.items() for name in _dependencies(tree)}
    plain = {
        (path, node.name) for path, tree in product.items() for node in ast.walk(tree) if type(node) is ast.FunctionDef
    }
    assert len(needed) > 20
    assert needed & plain == set()
    assert inspect.iscoroutinefunction(require_peer("gateway"))


def _dependencies(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Depends" and isinstance(node.args[0], ast.Name):
            yield node.args[0].id
