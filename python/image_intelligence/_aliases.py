"""Names for what the arguments may be. Loaded by those who ask for them."""

import os
from typing import TypeAlias

from ._images import Bytes, Image
from .models import AskJob, DetectClass, DetectJob, MatchJob, RecognizeJob

Picture: TypeAlias = str | os.PathLike[str] | Bytes | Image
ClassLike: TypeAlias = str | DetectClass
AnyJob: TypeAlias = DetectJob | MatchJob | AskJob | RecognizeJob
"""A job of any kind, with its results."""
