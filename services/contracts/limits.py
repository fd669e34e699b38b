from pydantic import Field

from services.contracts.model import WireModel


class Limits(WireModel):
    """What one run of a learner's code may use. A case may change each within these bounds."""

    cpu_seconds: float = Field(default=20, gt=0, le=600)
    wall_seconds: float = Field(default=30, gt=0, le=900)
    """For all cells together; probes and checks have `probe_seconds` each on top."""
    probe_seconds: float = Field(default=5, gt=0, le=60)
    memory_mb: int = Field(default=1024, ge=64, le=16_384)
    processes: int = Field(default=32, ge=1, le=512)
    open_files: int = Field(default=256, ge=32, le=4096)
    file_mb: int = Field(default=32, ge=1, le=1024)
    """Largest single file, and size of each private temporary file system."""
    output_chars: int = Field(default=20_000, ge=1_000, le=1_000_000)
    """Kept of each cell's stdout and of its stderr; the rest is only counted."""
