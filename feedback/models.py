from sqlalchemy.orm import DeclarativeBase

from services.kit.adapters.job_rows import job_table
from services.kit.database import TYPES, table_metadata


class Table(DeclarativeBase):
    """Base of everything that `feedback` keeps: hints, conversations, choices, jobs."""

    metadata = table_metadata()
    type_annotation_map = TYPES


JOBS = job_table(Table.metadata)
"""Durable jobs, in the same database as what they are about."""
