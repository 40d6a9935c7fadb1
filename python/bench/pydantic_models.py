"""The same job as people write it with pydantic."""

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class PydanticBox(Model):
    x_min: float
    y_min: float
    x_max: float
    y_max: float


class PydanticObject(Model):
    class_: str = Field(alias="class")
    confidence: float
    verdict: bool | None = None
    bounding_box: PydanticBox | None = None


class PydanticImage(Model):
    id: str | None = None
    url: str | None = None
    proxy_url: str | None = None
    custom_id: str | None = None
    objects: list[PydanticObject] = []
    status: str = ""


class PydanticChosen(Model):
    id: str | None = None
    url: str | None = None
    proxy_url: str | None = None
    custom_id: str | None = None
    confidence: float | None = None


class PydanticResult(Model):
    class_: str = Field(alias="class")
    image: PydanticChosen | None = None
    hitl: bool | None = None


class PydanticJob(Model):
    id: str
    job_results: list[PydanticResult] = []
    image_results: list[PydanticImage] = []
    created_at: int | None = None
    status: str = ""
    custom_id: str | None = None
    feed_id: str | None = None
    webhook_url: str | None = None
