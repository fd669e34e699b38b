from pydantic import BaseModel, ConfigDict


class WireModel(BaseModel):
    """A value that crosses a process boundary: immutable, and nothing unknown is accepted silently."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")
