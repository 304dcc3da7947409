"""What a trained toy is asked for."""

from core.request import Request
from core.schema import option


class Count(Request):
    up_to: int = option(3, "How many numbers.", ge=1, le=100)


REQUEST = Count
