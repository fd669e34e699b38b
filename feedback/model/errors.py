from typing import ClassVar


class ModelMisconfigured(Exception):
    """The settings of the model server cannot be used; nothing starts with them."""

    error: ClassVar[str] = "model_misconfigured"


class RemoteModelNotAcknowledged(ModelMisconfigured):
    """The model server is another machine, and nobody said that learners' texts may go there."""

    error = "remote_model_not_acknowledged"
