from infra.production.settings import ProductionSettings
from infra.settings import EmbeddedSettings


def settings_of_the_mode() -> EmbeddedSettings:
    """Those of production, or of the embedded mode, as `CASELOOP_MODE` says. ValidationError."""
    # first those that look at no host names: in production other variables say the Hub's
    told = ProductionSettings()
    return told if told.mode == "production" else EmbeddedSettings()
