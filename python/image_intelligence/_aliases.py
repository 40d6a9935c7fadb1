"""Names for what the arguments may be. Loaded by those who ask for them."""

import os
from typing import TypeAlias

from ._images import Bytes, Image
from .models import DetectClass

Picture: TypeAlias = str | os.PathLike[str] | Bytes | Image
ClassLike: TypeAlias = str | DetectClass
