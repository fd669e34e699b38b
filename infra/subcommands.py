"""The commands below `caseloop`, each loaded when it is asked for: all of them together take seconds to load."""

from collections import UserDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import typer
from typer.core import TyperGroup

from infra.settings import EmbeddedSettings


class Subcommands(TyperGroup):
    """Has the commands of this module besides those it is given."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _WhenAsked({**self.commands, **dict.fromkeys(NAMES)})

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Every name; nothing is loaded."""
        return list(self.commands)


class _WhenAsked(UserDict[str, Any]):
    """Name -> command, or None while it is not loaded."""

    def __getitem__(self, name: str) -> Any:
        if name in self.data and self.data[name] is None:
            self.data[name] = _loaded(name)
        return self.data[name]


def _loaded(name: str) -> Any:
    alone, made = typer.Typer(), _MAKERS[name]()
    if isinstance(made, typer.Typer):
        alone.add_typer(made, name=name)
    else:
        alone.command(name)(made)
    return typer.main.get_group(alone).commands[name]


def _case() -> typer.Typer:
    from case_uploader.cli import build_case_app
    from infra.workshop import open_case_service, open_furnisher, open_keeping

    return build_case_app(
        lambda: open_case_service(EmbeddedSettings()),
        EmbeddedSettings,
        lambda: open_furnisher(EmbeddedSettings()),
        lambda: open_keeping(EmbeddedSettings()),
    )


def _chat() -> typer.Typer:
    from feedback.cli import build_chat_app
    from infra.workshop import open_chat_staff, open_learners_data

    return build_chat_app(
        lambda: open_chat_staff(EmbeddedSettings()), lambda: open_learners_data(EmbeddedSettings()), EmbeddedSettings
    )


def _eval() -> typer.Typer:
    from evaluation.cli import build_eval_app
    from evaluation.desk import EvalDesk
    from infra.workshop import open_bench, open_kept_answers, open_kept_submissions, open_running_feedback

    return build_eval_app(
        EvalDesk(
            lambda cases, with_model: open_bench(EmbeddedSettings(), cases, with_model),
            lambda: EmbeddedSettings().home,
            lambda: EmbeddedSettings().cases,
            lambda: open_kept_submissions(EmbeddedSettings()),
            lambda: open_kept_answers(EmbeddedSettings()),
            lambda: open_running_feedback(EmbeddedSettings()),
        )
    )


def _style() -> typer.Typer:
    from infra.workshop import open_style_erasure
    from services.progress.style.cli import build_style_app

    return build_style_app(lambda: open_style_erasure(EmbeddedSettings()))


def _audit() -> typer.Typer:
    from infra.audit.cli import build_audit_app

    return build_audit_app(EmbeddedSettings)


def _backup() -> typer.Typer:
    from infra.backup.cli import build_backup_app

    return build_backup_app(EmbeddedSettings)


def _restore() -> Callable[..., None]:
    from infra.backup.cli import build_restore_command

    return build_restore_command(EmbeddedSettings)


def _vault() -> typer.Typer:
    from infra.vault.cli import build_vault_app

    return build_vault_app()


def _production() -> typer.Typer:
    from infra.production.cli import build_production_app

    return build_production_app()


def _serve() -> Callable[..., None]:
    from infra.production.cli import serve_command

    return serve_command


def _keycloak() -> typer.Typer:
    from infra.keycloak.cli import build_keycloak_app

    return build_keycloak_app()


def _lint() -> Callable[..., None]:
    from linting.command.cli import build_lint_command

    return build_lint_command(lambda: EmbeddedSettings().home)


def _grade() -> Callable[..., None]:
    from evaluation.grading.cli import build_grade_command
    from infra.workshop import open_judge

    return build_grade_command(lambda case: open_judge(EmbeddedSettings(), case))


_MAKERS: Final[Mapping[str, Callable[[], typer.Typer | Callable[..., None]]]] = {
    "case": _case,
    "chat": _chat,
    "style": _style,
    "audit": _audit,
    "backup": _backup,
    "vault": _vault,
    "production": _production,
    "keycloak": _keycloak,
    "eval": _eval,
    "lint": _lint,
    "serve": _serve,
    "restore": _restore,
    "grade": _grade,
}
NAMES: Final = tuple(_MAKERS)
