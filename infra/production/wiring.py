from vault.wiring import Mode


def not_production(mode: Mode) -> str | None:
    """Why a process of its own cannot be started in this mode; None in production."""
    if mode == "production":
        return None
    return f"CASELOOP_MODE={mode}: services of their own are for production; `caseloop run` starts the embedded system."
