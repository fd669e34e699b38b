"""The commands below `caseloop`, each loaded when it is asked for: all of them together take seconds to load."""

from collections import UserDict
from typing import Any, Final

import typer
from typer.core import TyperGroup

from infra.settings import EmbeddedSettings

NAMES: Final = (
    "case",
    "chat",
    "style",
    "audit",
    "backup",
    "vault",
    "production",
    "keycloak",
    "eval",
    "lint",
    "serve",
    "restore",
    "grade",
)


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
    alone = typer.Typer()
    _add(alone, name)
    return typer.main.get_group(alone).commands[name]


def _add(app: typer.Typer, name: str) -> None:
    match name:
        case "case":
            app.add_typer(_case(), name=name)
        case "chat":
            app.add_typer(_chat(), name=name)
        case "style":
            from infra.workshop import open_style_erasure
            from services.progress.style.cli import build_style_app

            app.add_typer(build_style_app(lambda: open_style_erasure(EmbeddedSettings())), name=name)
        case "audit":
            from infra.audit.cli import build_audit_app

            app.add_typer(build_audit_app(EmbeddedSettings), name=name)
        case "backup":
            from infra.backup.cli import build_backup_app

            app.add_typer(build_backup_app(EmbeddedSettings), name=name)
        case "restore":
            from infra.backup.cli import build_restore_command

            app.command(name)(build_restore_command(EmbeddedSettings))
        case "vault":
            from infra.vault.cli import build_vault_app

            app.add_typer(build_vault_app(), name=name)
        case "production":
            from infra.production.cli import build_production_app

            app.add_typer(build_production_app(), name=name)
        case "serve":
            from infra.production.cli import serve_command

            app.command(name)(serve_command)
        case "keycloak":
            from infra.keycloak.cli import build_keycloak_app

            app.add_typer(build_keycloak_app(), name=name)
        case "lint":
            from linting.command.cli import build_lint_command

            app.command(name)(build_lint_command(lambda: EmbeddedSettings().home))
        case "grade":
            from evaluation.grading.cli import build_grade_command
            from infra.workshop import open_judge

            app.command(name)(build_grade_command(lambda case: open_judge(EmbeddedSettings(), case)))
        case "eval":
            app.add_typer(_eval(), name=name)


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
