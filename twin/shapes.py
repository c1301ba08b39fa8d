"""The shapes that several routes share: names, texts, bodies."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from access.facts import imaginable

ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""How members, machines, units and bookings are named."""
PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: a line on a screen, and what every database takes."""
Id = Annotated[str, Path(pattern=ID, max_length=64)]
Name = Annotated[str, Field(pattern=ID, max_length=64)]
Label = Annotated[str, Field(max_length=120, pattern=PLAIN)]
Qualifications = Annotated[list[Name], Field(max_length=100)]
Text = Annotated[str | None, Query(max_length=64, pattern=PLAIN)]
Moment = Annotated[AwareDatetime, AfterValidator(imaginable)]
MOST = 1000
"""The most journal rows or refusals in one answer."""
Most = Annotated[int, Query(ge=1, le=MOST)]


class Body(BaseModel):
    """A body that says nothing unexpected."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Done(BaseModel):
    """It is done."""

    ok: bool = True
